package main

import (
	"strconv"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// imageSize describes the rows for one size of images.
type imageSize struct {
	name, about     string
	photos          photos
	images          int // in an epoch
	view, safe, get measure.Goal
	next            measure.Goal
}

// Batches of images from a loader with two workers, beside two goroutines that make the same ones.
func loaderRows() (rows []measure.Row) {
	for _, s := range []imageSize{
		{
			name: "224", about: "images of 3×224×224 float32 in batches of 32", photos: photos{3 * 224 * 224, 32}, images: 128 * 32,
			view: measure.AtLeast(measure.PerSecond, 14e3), safe: measure.TimesAtLeast(0.85), get: measure.AtLeast(measure.PerSecond, 4e3),
		},
		{
			name: "32", about: "images of 3×32×32 float32 in batches of 64", photos: photos{3 * 32 * 32, 64}, images: 2048 * 64,
			view: measure.AtLeast(measure.PerSecond, 600e3), get: measure.AtLeast(measure.PerSecond, 120e3), next: measure.AtMost(measure.Seconds, 1e-3),
		},
	} {
		rows = append(rows, s.rows()...)
	}
	return rows
}

func (s imageSize) rows() []measure.Row {
	const (
		view     = ours + ", GetBatch and View"
		get      = ours + ", Get and collate"
		inPlace  = goroutines + ", in place, memory used again"
		copied   = goroutines + ", in place, and a copy"
		freshly  = goroutines + ", fresh batches"
		again    = goroutines + ", batches used again"
		justCopy = "Go: a copy into fresh memory"
	)
	p, n := s.photos, s.images
	rate := func(name, about, anchor string, goal measure.Goal, cases ...measure.Case) measure.Row {
		return measure.Row{Name: "loader/" + s.name + name, About: s.about + about, Unit: measure.PerSecond, Anchor: anchor, Goal: goal, Cases: cases}
	}
	first := func(name, about string, goal measure.Goal, cases ...measure.Case) measure.Row {
		return measure.Row{
			Name: "loader/first-" + s.name + name, About: "the first batch of " + s.about + about, Unit: measure.Seconds,
			Anchor: freshly, Goal: goal, Cases: append(cases, p.firstOfGoroutines(freshly), s.inTorch("DataLoader", "first"+name, firsts)),
		}
	}
	return []measure.Row{
		rate("", ", looked at where the workers made them", inPlace, s.view,
			p.load(view, viewing, n),
			p.goroutines(inPlace, n, twin{inPlace: true, again: true}),
		),
		rate("-safe", ", to be kept", justCopy, s.safe,
			p.load(ours+", GetBatch", keeping, n),
			roomy(p.load(ours+", GetBatch", keeping, n)),
			p.copied(justCopy, n),
			roomy(p.copied(justCopy, n)),
			p.goroutines(copied, n, twin{inPlace: true, again: true, kept: true}),
			roomy(p.goroutines(copied, n, twin{inPlace: true, again: true, kept: true})),
		),
		rate("-get", ", each made alone and copied into its batch", freshly, s.get,
			p.load(get, collating, n),
			roomy(p.load(get, collating, n)),
			p.load(get+", View", collatingViews, n),
			p.goroutines(freshly, n, twin{}),
			p.goroutines(again, n, twin{again: true}),
			s.inTorch("DataLoader, 2 workers", "workers", n/4),
			s.inTorch("DataLoader, in process", "alone", n/4),
		),
		first("", ", workers and all", measure.MoreAtMost(measure.Seconds, 5e-3), p.cold(view, viewing), p.cold(get, collating)),
		first("-next", " in an epoch whose workers are there", s.next, p.next(view, viewing), p.next(get, collating)),
	}
}

// inTorch is a case of torch's DataLoader with n images, or n first batches.
func (s imageSize) inTorch(name, what string, n int) measure.Case {
	return partner("torch: "+name, "torch", []string{"python3", "peers/loader.py", s.name, strconv.Itoa(s.photos.Batch)}, what, n, 0)
}

// roomy is c with garbage collected less often. By default, a program that has only batches collects garbage every few of
// them.
func roomy(c measure.Case) measure.Case {
	c.Name += ", GOGC=400"
	c.Vars = []string{"GOGC=400"}
	return c
}
