package spawn_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var lengths = spawn.Register("spawn_test.lengths", func(_ context.Context, words []string) ([]int, error) {
	var all []int
	for _, w := range words {
		if w == "" {
			return nil, errors.New("an empty word")
		}
		all = append(all, len(w))
	}
	return all, nil
})

func TestApply(t *testing.T) {
	id := spawn.ID(lengths)
	var out wire.Buffer
	if err := spawn.Apply(t.Context(), id, []string{"a", "bcd"}, &out); err != nil {
		t.Fatal(err)
	}
	var want wire.Buffer
	if err := spawn.ResultCodec(lengths).Encode(&want, &[]int{1, 3}); err != nil || !bytes.Equal(out.Data, want.Data) {
		t.Errorf("got %x, want %x, %v", out.Data, want.Data, err)
	}
	for what, err := range map[string]error{
		"an empty word": spawn.Apply(t.Context(), id, []string{""}, &out),
		"is a []int":    spawn.Apply(t.Context(), id, []int{1}, &out),
		"the number":    spawn.Apply(t.Context(), 1<<31, []string{"a"}, &out),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want %q", err, what)
		}
	}
}

func TestTry(t *testing.T) {
	if f := spawn.Try(func() error { return nil }); f != nil {
		t.Errorf("got %+v", f)
	}
	if f := spawn.Try(func() error { return context.Canceled }); f == nil || f.Panic || !errors.Is(f.Remote("f", -1, "p", 1), context.Canceled) {
		t.Errorf("got %+v", f)
	}
	if f := spawn.Try(func() error { panic(7) }); f == nil || !f.Panic || f.Message != "7" || !strings.Contains(f.Stack, "TestTry") {
		t.Errorf("got %+v", f)
	}
}
