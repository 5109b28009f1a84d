package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime/debug"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// What the workers run: LimitStack once at their start, then Decode for each upload.
var (
	Decode     = mp.Register("httpserver.decode", decode)
	LimitStack = mp.RegisterInit("httpserver.limitStack", func(_ context.Context, bytes int) error {
		debug.SetMaxStack(bytes) // the default is 1 GB, which takes a second to fill
		return nil
	})
)

// Picture is the result of decoding an upload.
type Picture struct {
	Width, Height int
	Light         int // the sum of all greys
}

// A file of a picture is a magic word and then chunks. A chunk is its kind, its whole size in two bytes, and data.
const (
	magic = "TPIC"
	head  = 3 // bytes of kind and size

	sizeChunk   = 'S' // width and height, two bytes each
	tableChunk  = 'T' // the offset in the file of the table of greys, four bytes
	pixelChunk  = 'P' // pixels: each a byte, an index into the table
	repeatChunk = 'R' // the offset in the file of a chunk to decode once more, four bytes
)

type decoder struct {
	file          []byte
	width, height int
	table         uint32
	pixels        []byte
}

// decode believes everything that an upload says, as many a decoder in C does.
func decode(_ context.Context, file []byte) (Picture, error) {
	if !bytes.HasPrefix(file, []byte(magic)) {
		return Picture{}, errors.New("this is not a picture")
	}
	d := decoder{file: file}
	for at := len(magic); at < len(file); {
		at += d.chunk(at) // believes that this is more than 0
	}
	return d.picture(), nil
}

func (d *decoder) chunk(at int) (size int) {
	size = int(binary.BigEndian.Uint16(d.file[at+1:]))
	data := d.file[at+head:]
	switch d.file[at] {
	case sizeChunk:
		d.width, d.height = int(binary.BigEndian.Uint16(data)), int(binary.BigEndian.Uint16(data[2:]))
	case tableChunk:
		d.table = binary.BigEndian.Uint32(data)
	case pixelChunk:
		for _, index := range data[:size-head] {
			d.pixels = append(d.pixels, peek(d.file, d.table+uint32(index))) // believes that the table is in the file
		}
	case repeatChunk:
		d.chunk(int(binary.BigEndian.Uint32(data))) // believes that a chunk is there, and another one than this
	}
	return size
}

func (d *decoder) picture() Picture {
	p := Picture{Width: d.width, Height: d.height}
	for i := range d.width * d.height {
		p.Light += int(d.pixels[i]) // believes that there are as many pixels as the size says
	}
	return p
}
