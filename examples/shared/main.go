// Shared has two processes paint one image in memory that they share, and writes it as PNG.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

const width, height = 960, 640

// canvas is what the painters get: the pixels, and the next row to paint. Only references are sent, not the pixels.
type canvas struct {
	Pixels *sharedmem.Array[uint8]
	Next   *sharedmem.Value[int32]
}

// Paint paints rows until there are none left, and returns how many.
var Paint = mp.Register("shared.paint", func(ctx context.Context, c canvas) (rows int, err error) {
	defer c.Pixels.Close()
	defer c.Next.Close()
	img := over(c.Pixels.Slice())
	for ; ctx.Err() == nil; rows++ {
		y := int(c.Next.Add(1)) - 1
		if y >= height {
			return rows, nil
		}
		paintRow(img, y)
	}
	return rows, ctx.Err()
})

// over returns an image whose memory is pixels. It copies nothing.
func over(pixels []uint8) *image.NRGBA {
	return &image.NRGBA{Pix: pixels, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
}

func main() { mp.Main(run) }

func run() error {
	pixels, err := sharedmem.NewArray[uint8](4 * width * height)
	if err != nil {
		return err
	}
	defer pixels.Close()
	next, err := sharedmem.NewValue(int32(0))
	if err != nil {
		return err
	}
	defer next.Close()
	fmt.Printf("%d × %d pixels in %d KiB of shared memory\n", width, height, pixels.Len()>>10)

	began := time.Now()
	painters := make([]*mp.Process[int], 2)
	for i := range painters {
		if painters[i], err = mp.Start(context.Background(), Paint, canvas{pixels, next}, nil); err != nil {
			return err
		}
	}
	for _, p := range painters {
		rows, err := p.Result(context.Background())
		if err != nil {
			return err
		}
		fmt.Printf("  %s (pid %d) painted %d rows\n", p.Name(), p.Pid(), rows)
	}
	report("two processes", pixels.Slice(), time.Since(began))

	began = time.Now()
	alone := make([]uint8, pixels.Len())
	for y := range height {
		paintRow(over(alone), y)
	}
	report("one goroutine", alone, time.Since(began))
	if crc32.ChecksumIEEE(alone) != crc32.ChecksumIEEE(pixels.Slice()) {
		return errors.New("the two images differ")
	}
	return write(over(pixels.Slice()))
}

func report(who string, pixels []uint8, took time.Duration) {
	fmt.Printf("%s: %v, checksum %08x\n", who, took.Round(time.Millisecond), crc32.ChecksumIEEE(pixels))
}

// write writes the image to the file that the argument names, or to one in the temporary directory.
func write(img image.Image) error {
	name := filepath.Join(os.TempDir(), "mandelbrot.png")
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		return err
	}
	fmt.Printf("written to %s\n", name)
	return nil
}
