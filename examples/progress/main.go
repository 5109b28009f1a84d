// Progress looks for numbers whose hashes begin with zeros, and draws a progress bar meanwhile.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// Mine runs in the workers: it looks for a nonce with which the hash of a block begins with 16 zero bits.
var Mine = mp.Register("progress.mine", mine)

var errBarren = errors.New("no nonce")

func init() { mp.RegisterError("progress.barren", errBarren) }

func mine(_ context.Context, block uint64) (uint64, error) {
	const most = 200_000
	var data [16]byte
	binary.BigEndian.PutUint64(data[:], block)
	for nonce := range uint64(most) {
		binary.BigEndian.PutUint64(data[8:], nonce)
		if sum := sha256.Sum256(data[:]); sum[0] == 0 && sum[1] == 0 {
			return nonce, nil
		}
	}
	return 0, fmt.Errorf("block %d: %w up to %d", block, errBarren, most)
}

// draw draws the bar over the previous one. Map calls it ten times a second, and at the end.
func draw(p pool.Progress) {
	const width = 30
	full := int(width * p.Fraction())
	fmt.Fprintf(os.Stderr, "\r[%s%s] %3.0f %%  %3d of %d, %d failed  %4.0f/s  %6v left",
		strings.Repeat("#", full), strings.Repeat(".", width-full), 100*p.Fraction(),
		p.Done, p.Total, p.Failed, p.Rate, p.Left().Round(100*time.Millisecond))
}

func main() { mp.Main(run) }

func run() error {
	workers, err := mp.NewPool(context.Background(), nil)
	if err != nil {
		return err
	}
	defer workers.Close()
	blocks := make([]uint64, 100)
	for i := range blocks {
		blocks[i] = uint64(i)
	}
	nonces, err := mp.Map(context.Background(), workers, Mine, blocks, mp.KeepGoing(), pool.OnProgress(draw))
	fmt.Fprintln(os.Stderr)
	if err != nil && !errors.Is(err, errBarren) {
		return err
	}
	barren := 0
	for _, nonce := range nonces {
		if nonce == 0 {
			barren++
		}
	}
	fmt.Printf("%d blocks, %d of them barren; the nonce of the first is %d\n", len(blocks), barren, nonces[0])
	return nil
}
