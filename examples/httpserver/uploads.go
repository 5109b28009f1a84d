package main

import "encoding/binary"

const side = 32 // of the pictures that we send, in pixels

// poisons are the ways to spoil an upload so that the decoder does not survive it, and what the sender is to be told.
var poisons = []struct {
	name, cause, said string // said: how Blame.Said begins
	spoil             func(p *parts)
}{
	{"more-pixels-than-there-are", "panic", "runtime error: index out of range", func(p *parts) { p.height++ }},
	{"a-table-far-away", "fatal", "fatal error: fault", func(p *parts) { p.table = 0xf0000000 }},
	{"a-chunk-that-repeats-itself", "fatal", "fatal error: stack overflow", func(p *parts) { p.more = repeat(p.end) }},
	{"a-chunk-of-size-0", "deadline", "mp: timeout: it ran longer than", func(p *parts) { p.more = []byte("?\x00\x00") }},
}

// parts are what a poison can change in the file of a picture.
type parts struct {
	height, end int // end: the offset at which more begins
	table       uint32
	more        []byte
}

// upload returns the file of a picture, changed by spoil unless it is nil, and what the unchanged file decodes to.
func upload(number int, spoil func(*parts)) ([]byte, Picture) {
	greys, row := make([]byte, side), make([]byte, side)
	want := Picture{Width: side, Height: side}
	for x := range side {
		greys[x] = byte(number*31 + x*x)
		row[x] = byte((x*5 + number) % side)
	}
	for _, index := range row {
		want.Light += side * int(greys[index])
	}

	file := append([]byte(magic), chunk('C', greys)...)
	p := &parts{height: side, table: uint32(len(magic) + head)}
	const between = 2*head + 4 + 4 // the size chunk and the table chunk, which stand before the pixels
	pixels := len(file) + between
	p.end = pixels + head + side + (side-1)*(head+4)
	if spoil != nil {
		spoil(p)
	}
	file = append(file, chunk(sizeChunk, binary.BigEndian.AppendUint16([]byte{0, side}, uint16(p.height)))...)
	file = append(file, chunk(tableChunk, binary.BigEndian.AppendUint32(nil, p.table))...)
	file = append(file, chunk(pixelChunk, row)...)
	for range side - 1 {
		file = append(file, repeat(pixels)...)
	}
	return append(file, p.more...), want
}

func chunk(kind byte, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(head+len(data))), data...)
}

func repeat(at int) []byte { return chunk(repeatChunk, binary.BigEndian.AppendUint32(nil, uint32(at))) }
