package dataloader

import (
	"errors"
	"fmt"
	"iter"
)

type shard struct {
	of          Sampler
	rank, count int
	dropLast    bool
}

// Shard is the part of a Sampler for one of count processes that train together, on one machine or several: DistributedSampler of
// PyTorch. The process of rank r, from 0, gets the indices at places r, r+count, r+2·count, … All processes get equally many: with
// dropLast, the last few indices are left out if need be; otherwise each process that lacks an index gets one of the first again.
//
// The shards fit together only if of and Options.Seed are the same in all processes. The epoch is the Loader's: there is no
// set_epoch to forget.
func Shard(of Sampler, rank, count int, dropLast bool) Sampler {
	return shard{of, rank, count, dropLast}
}

func (s shard) check(n int) error {
	switch {
	case s.of == nil:
		return errors.New("mp: Shard: the sampler is nil")
	case s.count < 1:
		return fmt.Errorf("mp: Shard: the count is %d; it must be at least 1", s.count)
	case s.rank < 0 || s.rank >= s.count:
		return fmt.Errorf("mp: Shard: the rank is %d of %d; it must be from 0 to %d", s.rank, s.count, s.count-1)
	}
	return checkSampler(s.of, n)
}

func (s shard) length(n int) int { return divided(lengthOf(s.of, n), s.count, s.dropLast) }

// Indices implements Sampler.
func (s shard) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	mustCheck(s, n)
	return func(yield func(int) bool) {
		var first []int // the first indices, as many as this rank may need to fill up
		place, mine := 0, 0
		for i := range s.of.Indices(n, seed, epoch) {
			if !s.dropLast && len(first) <= s.rank {
				first = append(first, i)
			}
			if place == s.rank {
				mine = i
			}
			// With dropLast, an index is yielded only once every process has one.
			if s.dropLast && place == s.count-1 || !s.dropLast && place == s.rank {
				if !yield(mine) {
					return
				}
			}
			place = (place + 1) % s.count
		}
		if len(first) > 0 && place > 0 && s.rank >= place {
			yield(first[(s.rank-place)%len(first)])
		}
	}
}
