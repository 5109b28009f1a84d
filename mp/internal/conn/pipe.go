package conn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// pipeID is the same at both ends of a pipe, and different from that of every other pipe.
type pipeID [16]byte

func newPipeID() (id pipeID) {
	binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

// Pipe returns both ends of a connection: what one end sends, the other receives. They are for two processes, one of which may be
// this one. Each process closes its end, unless it ends. A pipe has no name. On Linux it is 1 MiB of shared memory, half of it
// for each direction, and 7 descriptors for both ends.
func Pipe() (a, b *Conn, err error) { return newPipe(duplex, duplex) }

// PipeOneWay is Pipe for messages in one direction, as Python's Pipe(duplex=False): r only receives, and w only sends.
func PipeOneWay() (r, w *Conn, err error) { return newPipe(receives, sends) }

func newPipe(a, b way) (*Conn, *Conn, error) {
	shared, err := shm.Wanted()
	if err != nil {
		return nil, nil, err
	}
	id := newPipeID()
	x, y, err := sys.StreamPair()
	if err != nil {
		return nil, nil, fmt.Errorf("mp: Pipe: %w", err)
	}
	if shared {
		m, err := newMemory()
		if err == nil {
			return newConn(id, a, &ringsSeed{side: 0, socket: x, memory: m}), newConn(id, b, &ringsSeed{side: 1, socket: y, memory: m}), nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			x.Close()
			y.Close()
			return nil, nil, fmt.Errorf("mp: Pipe: %w", err)
		}
	}
	const where = "the other end of the pipe"
	files := runtime.GOOS != "windows"
	return newConn(id, a, &streamSeed{where: where, files: files, file: x}), newConn(id, b, &streamSeed{where: where, files: files, file: y}), nil
}

// Over makes the end of a connection that was dialled or accepted, over a stream, which it owns. where names the other end.
// files says whether the stream carries files.
func Over(s Stream, where string, files bool) *Conn {
	c := newConn(newPipeID(), duplex, nil)
	c.t = newFrames(s, where[:min(len(where), 255)], files, nil)
	return c
}
