package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// places are what -under knows: places in which a process that spins on shared memory before it sleeps takes the processor
// from the process that it waits for.
var places = []measure.Place{
	{Name: "1core", About: "all on one core", CPUs: "0"},
	{Name: "hogs", About: "beside two processes that compute", Hogs: 2},
	{Name: "gomaxprocs2", About: "with GOMAXPROCS=2", Vars: []string{"GOMAXPROCS=2"}},
}

func placeNames() (names []string) {
	for _, p := range places {
		names = append(names, p.Name)
	}
	return names
}

func findPlaces(names string) (found []measure.Place, err error) {
	if names == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(placeNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("-under %s: there are %s", name, strings.Join(placeNames(), ", "))
		}
		found = append(found, places[i])
	}
	return found, nil
}

// under measures rows in each place and prints a table for it. The question is whether shared memory is worse than the
// socket anywhere.
func under(ctx context.Context, runner *measure.Runner, places []measure.Place, rows []measure.Row) error {
	var page bytes.Buffer
	var all []measure.Result
	var failed []error
	for _, place := range places {
		runner.Place = place
		results, err := each(ctx, runner, rows, func(*measure.Result) {})
		failed = append(failed, err)
		standing := measure.Standing{Place: place, Results: results}
		standing.Text(os.Stdout)
		standing.Markdown(&page)
		all = append(all, results...)
	}
	return errors.Join(append(failed, save(ctx, all, measure.Rivals, page.Bytes()))...)
}
