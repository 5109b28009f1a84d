package dataloader

import (
	"fmt"
	"time"
)

// Stats is what a Loader has done since New.
type Stats struct {
	Epochs      int // begun
	Batches     int // yielded
	Samples     int // in the yielded batches
	Skipped     int // samples that were left out
	LastSkipped *SampleError
	Deaths      int // of workers, except those that were called off or told to end
	Starts      int // of workers
	// Waited is how long the consumer has waited for batches, Elapsed how long it has been in Epoch loops altogether.
	Waited, Elapsed time.Duration
	// Delayed is how much of Waited was for batches that had to be got again, or left out as a whole, after a fault.
	Delayed time.Duration
	// Decoded is how much of Waited this process spent decoding and copying batches. View saves the copies of memory from Alloc.
	Decoded time.Duration
	// Busy is how long the workers, all together, have worked on batches that came. Lost is how long they have worked on others:
	// batches that failed or took too long, or whose worker died.
	Busy, Lost        time.Duration
	Workers, Prefetch int // of the Options
}

// String sums up s, and says whether the program has to wait for the loader, if there were enough batches to tell.
func (s Stats) String() string {
	text := fmt.Sprintf("%s in %s, %s", count(s.Samples, "sample"), count(s.Batches, "batch"), count(s.Epochs, "epoch"))
	if s.Skipped > 0 {
		text += fmt.Sprintf("; %s left out", count(s.Skipped, "sample"))
	}
	if s.Deaths > 0 {
		text += fmt.Sprintf("; %s died", count(s.Deaths, "worker"))
	}
	if s.Elapsed <= 0 {
		return text
	}
	elapsed := s.Elapsed.Round(time.Millisecond)
	if s.Workers == 0 {
		return text + fmt.Sprintf("; got in the caller, in %.0f %% of %v", percent(s.Waited, s.Elapsed), elapsed)
	}
	text += fmt.Sprintf("; the consumer waited %.0f %% of %v", percent(s.Waited, s.Elapsed), elapsed)
	if s.Delayed > 0 {
		text += fmt.Sprintf(" (%.0f %% after faults)", percent(s.Delayed, s.Elapsed))
	}
	all := s.Elapsed * time.Duration(s.Workers)
	text += fmt.Sprintf(", %s busy %.0f %% of it", count(s.Workers, "worker"), percent(s.Busy, all))
	if s.Lost > 0 {
		text += fmt.Sprintf(" (%.0f %% lost to faults)", percent(s.Lost, all))
	}
	switch {
	case !s.telling():
		return text
	case s.Bottleneck():
		return text + ": the loader is the bottleneck"
	case s.Decoded > s.Elapsed/10:
		return text + ": the consumer waits for batches to be decoded"
	case s.waits():
		return text + ": the consumer waits, and the workers do, too"
	case s.Delayed > 0:
		return text + ": the loader keeps up, but for faults"
	default:
		return text + ": the loader keeps up"
	}
}

// Bottleneck reports whether the consumer has waited for workers more than a tenth of its time, faults apart, while the workers
// were busy. Then more workers, or a faster dataset, would help. If the workers were not busy, Prefetch, Order or Persistent may
// help, or View if Decoded is long. Bottleneck is false with Workers 0, and while there were too few batches to tell.
func (s Stats) Bottleneck() bool {
	return s.telling() && s.waits() && 2*s.Busy > (s.Elapsed-s.Delayed)*time.Duration(s.Workers)
}

// telling reports whether there were enough batches to judge. Every consumer waits for the first ones.
func (s Stats) telling() bool {
	return s.Workers > 0 && s.Batches > s.Epochs && s.Batches >= 2*s.Prefetch*s.Workers
}

// waits reports whether the consumer has waited for workers more than a tenth of its time, faults and decoding apart.
func (s Stats) waits() bool { return s.Waited-s.Delayed-s.Decoded > (s.Elapsed-s.Delayed)/10 }

// spent counts what a worker, or this process, has spent on an order.
func (s *Stats) spent(d time.Duration, lost bool) {
	if lost {
		s.Lost += d
	} else {
		s.Busy += d
	}
}

// count is a number of things.
func count(n int, thing string) string {
	switch {
	case n == 1:
	case thing == "batch":
		thing = "batches"
	default:
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

func percent(part, of time.Duration) float64 { return 100 * float64(part) / float64(of) }
