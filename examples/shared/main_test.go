package main

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	name := filepath.Join(program.TempDir(t), "image.png")
	out := program.Run(t, name)
	m := regexp.MustCompile(`^960 × 640 pixels in 2400 KiB of shared memory
  Process-1 \(pid \d+\) painted (\d+) rows
  Process-2 \(pid \d+\) painted (\d+) rows
two processes: \S+, checksum ([0-9a-f]{8})
one goroutine: \S+, checksum ([0-9a-f]{8})
written to .*image\.png
$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	first, _ := strconv.Atoi(m[1])
	second, _ := strconv.Atoi(m[2])
	if first+second != height || m[3] != m[4] {
		t.Errorf("%d and %d rows, checksums %s and %s", first, second, m[3], m[4])
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]int{{0, 0}, {width / 2, height / 2}, {width - 1, height - 1}, {100, 500}} {
		r, g, b, _ := img.At(p[0], p[1]).RGBA()
		c := shade(complex(3.3*float64(p[0])/width-2.35, 2.2*float64(p[1])/height-1.1))
		if wr, wg, wb, _ := c.RGBA(); r != wr || g != wg || b != wb {
			t.Errorf("the pixel at %v is %v instead of %v", p, img.At(p[0], p[1]), c)
		}
	}
}
