// Tasks is what one does with shared memory.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	return map[string]func(context.Context) error{"value": value, "structs": structs, "bytes": raw}[os.Args[1]](ctx)
}

// region value
var Add = mp.Register("add", func(_ context.Context, v *sharedmem.Value[int]) (int, error) {
	defer v.Close()
	for range 1000 {
		v.Add(1) // atomic: no lock is needed
	}
	return 0, nil
})

func value(ctx context.Context) error {
	v, err := sharedmem.NewValue(0)
	if err != nil {
		return err
	}
	defer v.Close()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer workers.Close()
	if _, err := mp.Map(ctx, workers, Add, []*sharedmem.Value[int]{v, v, v}); err != nil {
		return err
	}
	fmt.Println(v.Load(), v)
	return nil
}

// endregion

// region structs
// Star has no pointers in it, so it may lie in shared memory.
type Star struct {
	X, Y, Mass float64
	ID         [8]byte
}

func structs(context.Context) error {
	stars, err := sharedmem.NewArrayOf[Star](100)
	if err != nil {
		return err
	}
	defer stars.Close()
	stars.Slice()[7].Mass = 2.5
	fmt.Println(stars.Len(), stars.Slice()[7])

	_, err = sharedmem.NewArrayOf[struct{ Name string }](100)
	fmt.Println(err)
	return nil
}

// endregion

// region bytes
var Make = mp.Register("make", func(_ context.Context, size int) (*sharedmem.SharedMemory, error) {
	m, err := sharedmem.New(size)
	if err == nil {
		copy(m.Bytes(), "made in a child")
	}
	return m, err
})

func raw(ctx context.Context) error {
	p, err := mp.Start(ctx, Make, 1<<20, nil)
	if err != nil {
		return err
	}
	m, err := p.Result(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	text, _, _ := bytes.Cut(m.Bytes(), []byte{0}) // its maker has ended, the memory is there
	fmt.Printf("%s, %d bytes, alive: %v\n", text, m.Size(), p.Alive())
	return nil
}

// endregion
