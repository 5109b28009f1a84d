package queue

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// codec encodes and decodes items of type T, at desks that it keeps for reuse.
type codec[T any] struct {
	*wire.Codec[T]
	desks sync.Pool
}

// desk is the memory for encoding or decoding an item.
type desk[T any] struct {
	v T
	b wire.Buffer
}

const mostReused = 64 << 10

func (c *codec[T]) desk() *desk[T] {
	if d, ok := c.desks.Get().(*desk[T]); ok {
		return d
	}
	return new(desk[T])
}

// clear ends the use of a desk.
func (c *codec[T]) clear(d *desk[T]) {
	d.v = *new(T)
	d.b.Reset()
	if cap(d.b.Data) <= mostReused {
		c.desks.Put(d)
	}
}

// codecs holds what codecOf has compiled.
var codecs sync.Map // reflect.Type → *codec of it

func codecOf[T any](verb string) (*codec[T], error) {
	t := reflect.TypeFor[T]()
	if c, ok := codecs.Load(t); ok {
		return c.(*codec[T]), nil
	}
	compiled, err := wire.Compile[T]()
	if err != nil {
		return nil, fmt.Errorf("mp: %s: the items cannot be sent to another process: %w", verb, err)
	}
	c, _ := codecs.LoadOrStore(t, &codec[T]{Codec: compiled})
	return c.(*codec[T]), nil
}
