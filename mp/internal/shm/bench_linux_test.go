package shm_test

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

var benchSizes = []int{64 << 10, 1 << 20}

// lines reads one byte of each cache line, the least that a reader does.
func lines(b []byte) (sum byte) {
	for i := 0; i < len(b); i += 64 {
		sum += b[i]
	}
	return sum
}

var sink byte

// The benchmarks move payloads that the sender has elsewhere and the receiver reads: through a slab, with a channel for the slots'
// numbers; through a ring, copied in and out; and through a socket.
func BenchmarkSlab(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			lender, borrower := both(b, 4, size)
			from := make([]byte, size)
			sent, back := make(chan int, 4), make(chan struct{}, 4)
			go func() {
				for slot := range sent {
					if view, err := borrower.View(slot, size); err == nil {
						sink += lines(view)
					}
					borrower.Return(slot)
					back <- struct{}{}
				}
				close(back)
			}()
			b.SetBytes(int64(size))
			b.ResetTimer()
			for i := range b.N {
				if i >= 4 {
					<-back
				}
				slot, mem := take(b, lender)
				copy(mem, from)
				sent <- slot
			}
			close(sent)
			for range back {
			}
		})
	}
}

func BenchmarkRing(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			seg, err := shm.New(ring.Overhead + 8*size)
			if err != nil {
				b.Fatal(err)
			}
			defer seg.Close()
			var bells [2]*sys.Bell
			for i := range bells {
				if bells[i], err = sys.NewBell(); err != nil {
					b.Fatal(err)
				}
				defer bells[i].Close()
			}
			r, w := ring.NewReader(seg.Bytes(), bells[0], bells[1]), ring.NewWriter(seg.Bytes(), bells[0], bells[1])
			from, to := make([]byte, size), make([]byte, size)
			b.SetBytes(int64(size))
			b.ResetTimer()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := 0; i < b.N; {
					record, ok, err := r.Next()
					if err != nil || !ok && r.Await(true) != nil {
						b.Error("the ring is broken")
						return
					}
					if ok {
						copy(to, record)
						r.Done()
						sink += lines(to)
						i++
					}
				}
			}()
			for range b.N {
				for ok := false; !ok; {
					if ok, err = w.Write(nil, from); err != nil || !ok && w.AwaitRoom(size, false) != nil {
						b.Fatal("the ring is broken")
					}
				}
				w.Wake()
			}
			<-done
		})
	}
}

func BenchmarkSocket(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
			if err != nil {
				b.Fatal(err)
			}
			ours, theirs := os.NewFile(uintptr(fds[0]), "a"), os.NewFile(uintptr(fds[1]), "b")
			defer ours.Close()
			defer theirs.Close()
			from, to := make([]byte, size), make([]byte, size)
			b.SetBytes(int64(size))
			b.ResetTimer()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range b.N {
					if _, err := io.ReadFull(theirs, to); err != nil {
						b.Error(err)
						return
					}
					sink += lines(to)
				}
			}()
			for range b.N {
				if _, err := ours.Write(from); err != nil {
					b.Fatal(err)
				}
			}
			<-done
		})
	}
}
