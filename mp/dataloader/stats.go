package dataloader

import (
	"fmt"
	"time"
)

// Stats is what a Loader has done since New.
type Stats struct {
	Epochs      int // that were begun
	Batches     int // that were yielded
	Samples     int // in them
	Skipped     int // samples that were left out
	LastSkipped *SampleError
	Deaths      int // of workers; not of those that were called off, or were to end
	Starts      int // of workers
	// Waited is how long the consumer has waited for batches, Elapsed how long it has been in Epoch loops altogether.
	Waited, Elapsed time.Duration
	// Busy is how long the workers have been at batches, all together.
	Busy    time.Duration
	Workers int
}

// String says whether the loader is what the program waits for.
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
	text += fmt.Sprintf("; the consumer waited %.0f %% of %v", percent(s.Waited, s.Elapsed), s.Elapsed.Round(time.Millisecond))
	if s.Workers > 0 {
		text += fmt.Sprintf(", %s busy %.0f %% of it", count(s.Workers, "worker"), percent(s.Busy, s.Elapsed*time.Duration(s.Workers)))
	}
	switch {
	case s.Bottleneck():
		return text + ": the loader is the bottleneck"
	default:
		return text + ": the loader keeps up"
	}
}

// Bottleneck reports whether the consumer has waited for more than a tenth of its time, so that more workers, or a faster
// dataset, would make it faster.
func (s Stats) Bottleneck() bool { return s.Waited > s.Elapsed/10 }

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
