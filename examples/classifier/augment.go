package main

import "math/rand/v2"

// maxShift is how far, in pixels, augment moves an image in each direction.
const maxShift = 1

// augment writes a varied copy of image to out: moved by up to maxShift pixels
// and mirrored half of the time.
//
// It also normalises: grey 0–255 becomes 0–1, and the background stays exactly
// 0, which the model skips.
func augment(out []float32, image []byte, rng *rand.Rand) {
	dx := rng.IntN(2*maxShift+1) - maxShift
	dy := rng.IntN(2*maxShift+1) - maxShift
	mirror := rng.IntN(2) == 1
	for y := range side {
		for x := range side {
			fromX, fromY := x-dx, y-dy
			if mirror {
				fromX = side - 1 - fromX
			}
			var grey byte
			if fromX >= 0 && fromX < side && fromY >= 0 && fromY < side {
				grey = image[fromY*side+fromX]
			}
			out[y*side+x] = float32(grey) / 255
		}
	}
}

// normalise is augment without variation, for the test images.
func normalise(out []float32, image []byte) {
	for i, grey := range image {
		out[i] = float32(grey) / 255
	}
}
