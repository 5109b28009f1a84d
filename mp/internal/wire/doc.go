// Package wire turns typed values into bytes, plus the files that travel beside
// them, and back. Both ends are the same binary, so they agree on types, word
// size and byte order; they need not trust each other: a child may be corrupted
// or hostile, and decoding its bytes never panics, never overflows the stack
// and never takes much more memory than the bytes justify.
//
// [Compile] walks a type once. It refuses what has no meaning in another
// process, naming the field, and otherwise yields a [Codec].
//
// # Form
//
// The form is msgpack, used by position and strictly:
//
//	bool, ints, floats, string   as msgpack has them; ints in their shortest form
//	[]byte, numeric slices       one bin of the memory as it is, nil for nil,
//	                             or an ext value: the place of the memory, see [Ref]
//	numeric arrays               one bin of the memory, never nil
//	[]bool, [n]bool              one bin, each byte 0 or 1
//	[]string                     count, a bin of uvarint lengths, a bin of all the text
//	struct                       array of its fields, in order
//	other slices and arrays      array
//	map                          map, then zero bytes if it is small (see below)
//	pointer                      nil, or what it points to; if that may itself be
//	                             nil, it stands in an array of one
//	time.Time                    msgpack timestamp: the instant in nanoseconds;
//	                             it comes back in time.Local (the zero time in UTC)
//	any                          nil, or a type number and the value
//	error                        nil, or a [Failure] as a struct
//	*os.File                     nil, or an ext value: the index of the file
//	a type with its own codec    bin of what the codec wrote
//
// A value that is just a number, a string or bytes is its memory, without a
// header: the frame of the value says how long it is. One byte, 1, stands before
// bytes; nil is nothing at all.
//
// Lists and maps keep nil apart from empty. Pointers are not shared: two
// pointers to one value arrive as two values. The decoded elements of a
// []string share one allocation, so keeping one of them keeps all of them.
//
// # Memory
//
// A declared length is believed only as far as the bytes that are left could
// hold that many elements. Before memory is made for elements, or for what a
// pointer leads to, the bytes that these take at least are claimed, and all
// claims together are no more than the message, however deep it nests. So memory
// is at most about 64 times the input. Two things stretch it: fields that are
// not sent (tagged "-") and types with their own codec take their own size,
// however little stands on the wire. A map's first entry makes Go allocate room
// for eight; small maps are padded on the wire, so that this too is paid for.
// What references stand for is bounded by whoever resolves them.
//
// A value's own codec reads hostile bytes with whatever care it takes. Before a
// msgpack codec sees its bytes they are checked: whole values, sane lengths, no
// more than 10000 levels.
package wire
