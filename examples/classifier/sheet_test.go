package main

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

func TestContactSheet(t *testing.T) {
	set, err := loadSet("", "train")
	if err != nil {
		t.Fatal(err)
	}
	const n = 7
	b := Batch{X: dataloader.Tensor[float32]{Shape: []int{n, pixels}, Data: make([]float32, n*pixels)}, Y: set.labels[:n]}
	for i := range n {
		normalise(b.X.At(i).Data, set.image(i))
	}
	sheet := contactSheet(b)
	const width, height = cell*zoom + margin, cell*zoom + 2*legend + margin
	if size := sheet.Bounds().Size(); size != image.Pt(5*width+margin, 2*height+margin) {
		t.Error(size)
	}
	for i := range n {
		x, y := margin+i%5*width, margin+i/5*height
		for at, grey := range set.image(i) {
			middle := sheet.At(x+at%side*zoom+zoom/2, y+at/side*zoom+zoom/2).(color.Gray)
			if d := int(255-grey) - int(middle.Y); d < -1 || d > 1 {
				t.Fatalf("image %d: pixel %d is %d, want %d", i, at, middle.Y, 255-grey)
			}
		}
		ink := 0
		for at := range width * 2 * legend {
			if sheet.At(x+at%width, y+cell*zoom+at/width) == (color.Gray{}) {
				ink++
			}
		}
		if ink < 100 {
			t.Errorf("no label at image %d", i)
		}
	}
	for _, name := range classNames {
		for _, letter := range strings.ToUpper(name) {
			if letter != ' ' && !strings.ContainsRune(letters, letter) {
				t.Errorf("%s has the letter %c, which cannot be drawn", name, letter)
			}
		}
	}
}
