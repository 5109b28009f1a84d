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
	list     = flag.Bool("list", false, "print the rows and measure nothing")
	peers    = flag.String("peers", "", "which peers, with commas between, of "+strings.Join(peerNames, ",")+", or none; default: those that are installed, with -quick none")
	jsonFile = flag.String("json", "", "a file for all samples")
	markdown = flag.String("markdown", "", "a page for the tables: between its marks, or a new one")
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

func report(ctx context.Context) error {
	chosen, err := regexp.Compile(*which)
	if err != nil {
		return err
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
	var results []measure.Result
	var failed []error
	for _, row := range rows() {
		if !chosen.MatchString(row.Name) {
			continue
		}
		if *list {
			fmt.Printf("%-22s %s\n", row.Name, row.About)
			continue
		}
		result, err := runner.Run(ctx, row)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		result.Text(os.Stdout)
		results = append(results, result)
		for _, f := range result.Failed() {
			failed = append(failed, errors.New(f))
		}
	}
	if !*list {
		failed = append(failed, save(results))
	}
	return errors.Join(failed...)
}

// save writes the files that were asked for.
func save(results []measure.Result) error {
	var errs []error
	if *jsonFile != "" {
		all, err := json.MarshalIndent(map[string]any{"machine": measure.Machine(), "rounds": *rounds, "rows": results}, "", "\t")
		errs = append(errs, err, os.WriteFile(*jsonFile, append(all, '\n'), 0o644))
	}
	if *markdown != "" {
		var page bytes.Buffer
		fmt.Fprintf(&page, "%s; medians of %d rounds.\n\n", measure.Machine(), *rounds)
		for i := range results {
			results[i].Markdown(&page)
		}
		errs = append(errs, measure.Fill(*markdown, page.Bytes()))
	}
	return errors.Join(errs...)
}
