// Package wire turns typed values into bytes, plus the files that travel beside
// them, and back. Both ends agree on types, word size and byte order: they are
// the same binary, or have compared [Type.Sum]. They need not trust each other:
// a child may be corrupted or hostile, and decoding its bytes never panics,
// never overflows the stack and never takes much more memory than the bytes
// justify.
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
// A message that is just a number, a string or bytes is their memory, without a
// header: the frame of the message says how long it is. One byte, 1, stands before
// bytes; nil bytes are an empty message.
//
// Lists and maps keep nil apart from empty. Pointers are not shared: two
// pointers to one value arrive as two values. The decoded elements of a
// []string share one allocation, so keeping one of them keeps all of them.
//
// # Memory
//
// A declared length is accepted only if the bytes that are left could hold that
// many elements. Before the decoder allocates elements, or what a pointer points
// to, it claims the bytes that these take at least. All claims together are at
// most the message, however deep it nests. So memory is at most about 64 times
// the input. Two things add to that: fields that are not sent (tagged "-") and
// types with their own codec take their own size, however few bytes they have on
// the wire. A map's first entry makes Go allocate room for eight; small maps are
// padded on the wire, so that there are bytes to claim for that room, too. The
// memory behind references is bounded by the function that resolves them.
//
// A type's own codec has to cope with hostile bytes itself. The bytes of a
// msgpack codec are checked before it sees them: whole values, sane lengths, no
// more than 10000 levels.
package wire
