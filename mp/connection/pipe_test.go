package connection_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// PY-CONN-01, PY-CONN-04: values, bytes and slices of numbers of every size come back as they were.
func TestEcho(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, EchoBytes, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sizes []int
		for _, border := range []int{0, 24, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 256 << 10, 4 << 20} {
			sizes = append(sizes, max(border-1, 0), border, border+1)
		}
		sizes = append(sizes, 1, 2, 3, 7, 8, 9, 64<<20)
		buf := make([]byte, 64<<20)
		for _, n := range sizes {
			want := make([]byte, n)
			for i := range want {
				want[i] = byte(i*7 + n)
			}
			if err := a.SendBytes(ctx, want); err != nil {
				t.Fatal(n, err)
			}
			if k, err := a.RecvBytesInto(ctx, buf); err != nil || !bytes.Equal(buf[:k], want) {
				t.Fatalf("%d bytes came back as %d, equal %v, %v", n, k, bytes.Equal(buf[:k], want), err)
			}
		}
		a.Close()
		if n, err := p.Result(ctx); n != len(sizes) || err != nil {
			t.Error(n, err)
		}
	})
}

func TestEchoValues(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, EchoPoints, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []point{{}, {"x", []float64{1, 2}, map[string]int{"a": 1}}, {Name: string(make([]byte, 1<<20)), At: make([]float64, 1<<18)}} {
			var got point
			if err := a.Send(ctx, &want); err != nil {
				t.Fatal(err)
			}
			if err := a.Recv(ctx, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v", err)
			}
		}
		a.Close()
		if n, err := p.Result(ctx); n != 3 || err != nil {
			t.Error(n, err)
		}
	})
}
