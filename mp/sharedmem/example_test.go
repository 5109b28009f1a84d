package sharedmem_test

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

var Greet = mp.Register("greet", func(_ context.Context, m *sharedmem.SharedMemory) (int, error) {
	defer m.Close()
	return copy(m.Bytes(), "hello from the child"), nil
})

func ExampleNew() {
	ctx := context.Background()
	m, err := sharedmem.New(1 << 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	p, err := mp.Start(ctx, Greet, m, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := p.Result(ctx)
	fmt.Println(string(m.Bytes()[:n]), err)
	// Output: hello from the child <nil>
}

type part struct {
	Of       *sharedmem.Array[float64]
	From, To int
}

var Fill = mp.Register("fill", func(_ context.Context, p part) (int, error) {
	defer p.Of.Close()
	for i := p.From; i < p.To; i++ {
		p.Of.Slice()[i] = float64(i) / 2
	}
	return p.To - p.From, nil
})

// Two workers fill one array. Its elements are not sent between the processes.
func ExampleNewArray() {
	ctx := context.Background()
	array, err := sharedmem.NewArray[float64](6)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer array.Close()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	_, err = mp.Map(ctx, pool, Fill, []part{{array, 0, 3}, {array, 3, 6}})
	fmt.Println(array.Slice(), err)
	// Output: [0 0.5 1 1.5 2 2.5] <nil>
}

type particle struct {
	Position, Velocity [3]float64
	Mass               float32
}

func ExampleNewArrayOf() {
	particles, err := sharedmem.NewArrayOf[particle](1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer particles.Close()
	particles.Slice()[7].Mass = 1.5
	fmt.Println(particles, particles.Slice()[7].Mass)

	_, err = sharedmem.NewArrayOf[struct{ Name string }](1)
	fmt.Println(err != nil)
	// Output:
	// <Array[sharedmem_test.particle] len=1000> 1.5
	// true
}

var Visit = mp.Register("visit", func(_ context.Context, visitors *sharedmem.Value[int]) (int, error) {
	defer visitors.Close()
	return visitors.Add(1), nil
})

func ExampleNewValue() {
	ctx := context.Background()
	visitors, err := sharedmem.NewValue(40)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer visitors.Close()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	for range 2 {
		if _, err := mp.Apply(ctx, pool, Visit, visitors); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(visitors.Load())
	// Output: 42
}
