package main

import (
	"image"
	"image/color"
	"math"
	"math/cmplx"
)

// paintRow paints one row of the Mandelbrot set.
func paintRow(img *image.NRGBA, y int) {
	for x := range width {
		img.SetNRGBA(x, y, shade(complex(3.3*float64(x)/width-2.35, 2.2*float64(y)/height-1.1)))
	}
}

// shade is the colour of a point: black inside the set. Outside, the more steps the point takes to leave, the brighter.
func shade(c complex128) color.NRGBA {
	const most = 200
	z := complex(0, 0)
	for n := range most {
		if z = z*z + c; real(z)*real(z)+imag(z)*imag(z) > 16 {
			smooth := float64(n) + 1 - math.Log2(math.Log2(cmplx.Abs(z)))
			t := math.Sqrt(max(smooth, 0) / most)
			return color.NRGBA{uint8(255 * t), uint8(255 * t * t), uint8(255 * math.Sqrt(t)), 255}
		}
	}
	return color.NRGBA{A: 255}
}
