// Bench prints what package mp costs, beside goroutines, what the machine can do at best, and other libraries. README.md
// says how to run it and how to read it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() { mp.MainContext(run) }

var (
	rounds   = flag.Int("rounds", 5, "how often each case has its turn")
	which    = flag.String("run", "", "a regexp: only rows with such a name")
	where    = flag.String("under", "", "beside the rival and nothing else, under each of these, with commas between: "+strings.Join(placeNames(), ","))
	list     = flag.Bool("list", false, "print the rows and measure nothing")
	peers    = flag.String("peers", "", "which peers, with commas between, of "+strings.Join(peerNames, ",")+", or none; default: those that are installed, with -quick none")
	jsonFile = flag.String("json", "", "a file for all samples")
	markdown = flag.String("markdown", "", "a page for the tables: between its marks for them, or a new one")
	quick    = flag.Bool("quick", false, "a hundredth of the operations, one round: see that it works; the figures mean nothing")
	verbose  = flag.Bool("v", false, "print each sample to standard error")
)

func run(ctx context.Context) error {
	flag.Parse()
	switch flag.Arg(0) {
	case "":
		return report(ctx)
	case "sample":
		row, err := findRow(flag.Arg(1))
		if err != nil {
			return err
		}
		return measure.Take(ctx, row, flag.Arg(2), *quick, os.Stdout)
	}
	return serve(ctx, flag.Arg(0), flag.Args()[1:])
}

// report measures the chosen rows, prints their tables as they come, and writes the files that were asked for.
func report(ctx context.Context) error {
	chosen, places, err := selection()
	if err != nil {
		return err
	}
	if *list {
		for _, row := range chosen {
			fmt.Printf("%-22s %s\n", row.Name, row.About)
		}
		return nil
	}
	if *quick {
		*rounds = 1
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	programs, err := newPrograms(ctx, *peers, *quick)
	if err != nil {
		return err
	}
	defer programs.Close()
	runner := measure.Runner{
		Command: self, Rounds: *rounds, Quick: *quick, Missing: programs.Missing, Log: io.Discard,
		Vars: []string{programsVar + "=" + programs.dir, spinVar + "=" + strconv.Itoa(calibrate())},
	}
	if *verbose {
		runner.Log = os.Stderr
	}
	fmt.Printf("%s; %d rounds\n\n", measure.Machine(), *rounds)
	if len(places) > 0 {
		return under(ctx, &runner, places, chosen)
	}
	var page bytes.Buffer
	results, failed := each(ctx, &runner, chosen, func(r *measure.Result) {
		r.Text(os.Stdout)
		r.Markdown(&page)
	})
	return errors.Join(failed, save(ctx, results, measure.Figures, page.Bytes()))
}

// selection are the rows and the places that the flags name.
func selection() (chosen []measure.Row, places []measure.Place, err error) {
	match, err := regexp.Compile(*which)
	if err != nil {
		return nil, nil, err
	}
	places, err = findPlaces(*where)
	for _, row := range rows() {
		if len(places) > 0 {
			row = row.Rivals()
		}
		if match.MatchString(row.Name) && len(row.Cases) > 0 {
			chosen = append(chosen, row)
		}
	}
	return chosen, places, err
}

// each measures rows, and shows the result of each when it is done. A case that fails does not stop the others, but is in
// the error at the end.
func each(ctx context.Context, runner *measure.Runner, rows []measure.Row, show func(*measure.Result)) (results []measure.Result, err error) {
	var failed []error
	for _, row := range rows {
		result, err := runner.Run(ctx, row)
		if err != nil {
			failed = append(failed, err)
			break
		}
		show(&result)
		results = append(results, result)
		for _, f := range result.Failed() {
			failed = append(failed, errors.New(f))
		}
	}
	return results, errors.Join(failed...)
}

// save writes the files that the flags name. After an interrupt it writes none: half of the figures must not replace older
// ones.
func save(ctx context.Context, results []measure.Result, kind string, tables []byte) error {
	if ctx.Err() != nil {
		return nil
	}
	var errs []error
	if *jsonFile != "" {
		all, err := json.MarshalIndent(map[string]any{"machine": measure.Machine(), "rounds": *rounds, "rows": results}, "", "\t")
		errs = append(errs, err, os.WriteFile(*jsonFile, append(all, '\n'), 0o644))
	}
	if *markdown != "" {
		page := fmt.Appendf(nil, "%s; medians of %d rounds.\n\n%s", measure.Machine(), *rounds, tables)
		errs = append(errs, measure.Fill(*markdown, kind, page))
	}
	return errors.Join(errs...)
}
