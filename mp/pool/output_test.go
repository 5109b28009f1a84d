package pool_test

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Mutter writes lines of its own letter to standard error, each in pieces.
var Mutter = mp.Register("mutter", func(_ context.Context, letter string) (int, error) {
	for range mutterings {
		for _, piece := range []string{strings.Repeat(letter, 100), letter, strings.Repeat(letter, 899) + "\n" + letter} {
			os.Stderr.WriteString(piece)
		}
		os.Stderr.WriteString("\n")
	}
	return 0, nil
})

const mutterings = 300

// Lines of several workers that write to one file never mix.
func TestLinesNeverMix(t *testing.T) {
	leak.Check(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lines := make(chan int)
	go func() {
		n := 0
		defer func() { lines <- n }()
		for s := bufio.NewScanner(r); s.Scan(); n++ {
			line := s.Text()
			if l := len(line); l != 1 && l != 1000 || strings.Trim(line, line[:1]) != "" {
				t.Errorf("a line of %d bytes: %.40q…", l, line)
				return
			}
		}
	}()
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 3, Stderr: w})
	if err != nil {
		t.Fatal(err)
	}
	letters := strings.Split("abcdef", "")
	if _, err := mp.Map(t.Context(), pool, Mutter, letters, mp.ChunkSize(1)); err != nil {
		t.Error(err)
	}
	pool.Close()
	w.Close()
	if n := <-lines; n != 2*mutterings*len(letters) {
		t.Errorf("%d lines, want %d", n, 2*mutterings*len(letters))
	}
}
