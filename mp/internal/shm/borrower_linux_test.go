package shm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// The borrower in these tests is the test binary again. holdVar says how many slots it keeps, and still has when it kills itself.
const holdVar = "MP_TEST_BORROWER"

const slots, size = 6, 30000

func TestMain(m *testing.M) {
	if text := os.Getenv(holdVar); text != "" {
		hold, err := strconv.Atoi(text)
		if err == nil {
			err = borrow(hold)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "borrower:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// descriptor is what the lender sends by a pipe. With slot −1, the payload follows.
type descriptor struct{ Slot, Length, Number int32 }

// stuff is what payloads are cut out of.
var stuff = sync.OnceValue(func() []byte {
	b := make([]byte, 1<<18)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
})

// payload is payload number i.
func payload(i int32) []byte {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	n := random.IntN(size + 1)
	from := random.IntN(len(stuff()) - n)
	return stuff()[from : from+n]
}

// borrow receives payloads and keeps some slots for a while. It checks each payload when it comes and when its slot is returned.
func borrow(hold int) error {
	s, err := shm.OpenSlab(os.NewFile(3, "slab"), slots, size)
	if err != nil {
		return err
	}
	type loan struct {
		descriptor
		view []byte
	}
	var kept []loan
	for {
		var d descriptor
		if err := binary.Read(os.Stdin, binary.NativeEndian, &d); err != nil {
			break // there are no more
		}
		if d.Slot < 0 {
			b := make([]byte, d.Length)
			if _, err := io.ReadFull(os.Stdin, b); err != nil {
				return err
			}
			if !bytes.Equal(b, payload(d.Number)) {
				return fmt.Errorf("payload %d, by the pipe, is damaged", d.Number)
			}
			continue
		}
		view, err := s.View(int(d.Slot), int(d.Length))
		if err != nil {
			return err
		}
		if !bytes.Equal(view, payload(d.Number)) {
			return fmt.Errorf("payload %d in slot %d is damaged", d.Number, d.Slot)
		}
		kept = append(kept, loan{d, view})
		for len(kept) > hold {
			i := rand.IntN(len(kept))
			if l := kept[i]; !bytes.Equal(l.view, payload(l.Number)) {
				return fmt.Errorf("payload %d has changed while it was lent", l.Number)
			}
			s.Return(int(kept[i].Slot))
			kept = append(kept[:i], kept[i+1:]...)
		}
	}
	if len(kept) != hold {
		return fmt.Errorf("%d slots are kept instead of %d", len(kept), hold)
	}
	return syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// When a borrower dies, the slots that it has stay out, and no others. Before that, payloads of all sizes go to it, by slots or, when
// all are out, by copying.
func TestBorrowerDies(t *testing.T) {
	for hold := range slots + 1 {
		t.Run(fmt.Sprint("with ", hold), func(t *testing.T) {
			leak.Check(t)
			s, err := shm.NewSlab(slots, size)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			copied := lend(t, s, hold)
			if left := exhaust(s); len(left) != slots-hold {
				t.Errorf("%d slots are there, the borrower has died with %d of %d", len(left), hold, slots)
			}
			t.Logf("%d of 500 copied", copied)
		})
	}
}

// lend sends 500 payloads to a borrower, waits until the borrower has died, and returns how many payloads were copied.
func lend(t *testing.T, s *shm.Slab, hold int) (copied int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", holdVar, hold))
	cmd.ExtraFiles = []*os.File{s.File()}
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.CloseFile()
	for i := range int32(500) {
		b := payload(i)
		d := descriptor{-1, int32(len(b)), i}
		if slot, mem, ok := s.Take(); ok {
			d.Slot = int32(slot)
			copy(mem, b)
			b = nil
		} else {
			copied++
		}
		err := binary.Write(pipe, binary.NativeEndian, &d)
		if err == nil {
			_, err = pipe.Write(b)
		}
		if err != nil {
			t.Error(err)
			break
		}
	}
	pipe.Close()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the borrower ended with %v", err)
	}
	return copied
}
