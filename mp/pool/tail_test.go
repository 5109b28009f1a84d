package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// parcel is an item that takes its time to be encoded, and then to run.
type parcel struct {
	Encode, Run time.Duration
	Size        int
	Bad         bool
}

func (l parcel) MarshalBinary() ([]byte, error) {
	time.Sleep(l.Encode)
	if l.Bad {
		return nil, errors.New("bad")
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(l.Run)), make([]byte, l.Size)...), nil
}

func (l *parcel) UnmarshalBinary(b []byte) error {
	l.Run = time.Duration(binary.LittleEndian.Uint64(b))
	return nil
}

// Both functions return the time at which they began.
var (
	unpack = spawn.Register("pool.unpack", func(_ context.Context, l parcel) (time.Time, error) {
		defer time.Sleep(l.Run)
		return time.Now(), nil
	})
	holdFile = spawn.Register("pool.holdFile", func(_ context.Context, f *os.File) (time.Time, error) {
		defer time.Sleep(time.Minute)
		return time.Now(), f.Close()
	})
)

// Items that found no room in the message to one worker go to another worker that has nothing to do, even if that one
// looked for work while the message was written.
func TestWhatFindsNoRoomGoesElsewhere(t *testing.T) {
	leak.Check(t)
	for name, last := range map[string][]parcel{ // the last items go to one worker, where the first of them runs for a minute
		"the message is full":   {{Encode: time.Hour, Size: fullChunk, Run: time.Minute}, {}, {}},
		"one cannot be encoded": {{Encode: time.Hour, Run: time.Minute}, {Bad: true}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
				items := append([]parcel{{Run: time.Second}, {}, {}, {Run: 2 * time.Second}, {}, {}}, last...)
				began, _ := Map(t.Context(), p, unpack, items, ChunkSize(3), KeepGoing())
				if waited := began[8].Sub(began[6]); waited != 0 {
					t.Errorf("the one behind it waited %v", waited)
				}
			})
		})
	}
}

// When a chunk cannot be sent, its items do not wait for each other: other workers that have nothing to do take them.
func TestWhatCouldNotBeSentGoesElsewhere(t *testing.T) {
	leak.Check(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	closed, _ := os.Open(os.DevNull)
	closed.Close()
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		began, err := Map(t.Context(), p, holdFile, []*os.File{closed, null, null}, ChunkSize(3), KeepGoing())
		if !errors.Is(err, os.ErrClosed) || !began[1].Equal(began[2]) {
			t.Errorf("the last one waited %v; %v", began[2].Sub(began[1]), err)
		}
	})
}
