package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
)

const (
	perRow = 5  // images
	zoom   = 5  // of an image
	cell   = 28 // pixels before zooming, as high and wide as an image
	margin = 8
	legend = 9 // the height of a line of text, with some room; it is drawn twice as large
)

// show is imshow(make_grid(images)) of the tutorial. It prints what is in the batch, and draws it as a contact sheet if
// -sheet is set.
func show(o options, b Batch) error {
	var names []string
	for _, label := range b.Y[:min(perRow, len(b.Y))] {
		names = append(names, classNames[label])
	}
	fmt.Fprintf(o.out, "first batch: %v, %s …\n", b.X.Shape, strings.Join(names, ", "))
	if o.sheet == "" {
		return nil
	}
	f, err := os.Create(o.sheet)
	if err != nil {
		return err
	}
	if err := errors.Join(png.Encode(f, contactSheet(b)), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "written to %s\n", o.sheet)
	return nil
}

// contactSheet draws the images of a batch as the model gets them, with their labels.
func contactSheet(b Batch) image.Image {
	const width, height = cell*zoom + margin, cell*zoom + 2*legend + margin
	rows := (len(b.Y) + perRow - 1) / perRow
	sheet := image.NewGray(image.Rect(0, 0, perRow*width+margin, rows*height+margin))
	for i := range sheet.Pix {
		sheet.Pix[i] = 0xff
	}
	for i, label := range b.Y {
		x, y := margin+i%perRow*width, margin+i/perRow*height
		pixel := b.X.At(i).Data
		for at := range cell * zoom * cell * zoom {
			dx, dy := at%(cell*zoom), at/(cell*zoom)
			sheet.SetGray(x+dx, y+dy, color.Gray{Y: 255 - uint8(255*pixel[dy/zoom*side+dx/zoom])})
		}
		write(sheet, x, y+cell*zoom+4, classNames[label])
	}
	return sheet
}

// The letters of the class names, six pixels wide with the space between them.
const letters = "ABCDEGHIKLNOPRSTUV-"

var glyphs = [...]string{
	" ###  ####   ###  ####  #####  ###  #   #  ###  #   # #     #   #  ###  ####  ####   #### ##### #   # #   #      ",
	"#   # #   # #   # #   # #     #   # #   #   #   #  #  #     ##  # #   # #   # #   # #       #   #   # #   #      ",
	"#   # #   # #     #   # #     #     #   #   #   # #   #     ##  # #   # #   # #   # #       #   #   # #   #      ",
	"##### ####  #     #   # ####  # ### #####   #   ##    #     # # # #   # ####  ####   ###    #   #   # #   #  ### ",
	"#   # #   # #     #   # #     #   # #   #   #   # #   #     #  ## #   # #     # #       #   #   #   # #   #      ",
	"#   # #   # #   # #   # #     #   # #   #   #   #  #  #     #  ## #   # #     #  #      #   #   #   #  # #       ",
	"#   # ####   ###  ####  #####  ###  #   #  ###  #   # ##### #   #  ###  #     #   # ####    #    ###    #        ",
}

// write writes a line of text, each pixel of the glyphs twice as large.
func write(sheet *image.Gray, x, y int, text string) {
	for n, letter := range strings.ToUpper(text) {
		at := strings.IndexRune(letters, letter)
		if at < 0 {
			continue // a space
		}
		for dy := range 2 * len(glyphs) {
			for dx := range 2 * 5 {
				if glyphs[dy/2][6*at+dx/2] == '#' {
					sheet.SetGray(x+12*n+dx, y+dy, color.Gray{})
				}
			}
		}
	}
}
