package ring_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

var benchSizes = []int{8, 64, 512, 4096, 16384}

func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			wa, ra := pair(b, 1<<18)
			wb, rb := pair(b, 1<<18)
			body := bytes.Repeat([]byte{1}, size)
			go func() {
				var buf []byte
				for range b.N {
					buf = mustReceive(b, ra, buf)
					mustSend(b, wb, buf)
				}
			}()
			var buf []byte
			b.ResetTimer()
			for range b.N {
				mustSend(b, wa, body)
				buf = mustReceive(b, rb, buf)
			}
		})
	}
}

func BenchmarkOneWay(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, r := pair(b, 1<<18)
			body := bytes.Repeat([]byte{1}, size)
			b.SetBytes(int64(size))
			b.ResetTimer()
			go func() {
				for range b.N {
					mustSend(b, w, body)
				}
			}()
			var buf []byte
			for range b.N {
				buf = mustReceive(b, r, buf)
			}
		})
	}
}

func mustSend(b *testing.B, w *ring.Writer, body []byte) {
	if err := send(w, nil, body); err != nil {
		b.Error(err)
	}
}

func mustReceive(b *testing.B, r *ring.Reader, buf []byte) []byte {
	buf, err := receive(r, buf)
	if err != nil {
		b.Error(err)
	}
	return buf
}
