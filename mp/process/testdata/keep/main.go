// Keep keeps spares in a program whose children start slowly, badly or not at all, as its environment says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// how is empty in the first process, which sets MP_TEST_CHILD for its children.
var how = os.Getenv("MP_TEST_CHILD")

func init() {
	switch how {
	case "slow":
		time.Sleep(300 * time.Millisecond)
	case "dies":
		fmt.Fprintln(os.Stderr, "no licence")
		os.Exit(3)
	case "hangs":
		fmt.Fprintln(os.Stderr, "hanging")
		select {}
	case "other":
		mp.Register("another", func(context.Context, int) (int, error) { return 0, nil })
	}
	if how == "" && os.Getenv("MP_TEST_HOW") == "early" {
		err := process.KeepSpares(1)
		fmt.Println(errors.Is(err, mp.ErrBootstrapping))
	}
}

var born = time.Now()

var Born = mp.Register("born", func(context.Context, int) (time.Time, error) { return born, nil })

func main() { mp.Main(run) }

func run() error {
	ready, failed := make(chan *record.Record, 100), make(chan *record.Record, 100)
	spawn.SetLog(record.Debug, func(r *record.Record) {
		switch r.Message {
		case "a spare process is ready":
			ready <- r
		case "a spare process could not be started":
			failed <- r
		}
	})
	how := os.Getenv("MP_TEST_HOW")
	os.Setenv("MP_TEST_CHILD", how)
	hanging, stderr, err := os.Pipe()
	if err != nil {
		return err
	}
	if how == "hangs" {
		os.Stderr = stderr
	}
	begin := time.Now()
	if err := process.KeepSpares(2); err != nil {
		return err
	}
	switch how {
	case "hangs":
		var line string
		fmt.Fscanln(hanging, &line)
		fmt.Println(line)
	case "waits":
		<-ready
		<-ready
		fmt.Println("ready")
		select {}
	case "exits":
		mp.AtExit(func() {
			fmt.Println(errors.Is(process.KeepSpares(1), spawn.ErrExiting))
		})
		<-ready
		<-ready
	case "slow":
		<-ready
		p, err := mp.Start(context.Background(), Born, 0, nil)
		if err != nil {
			return err
		}
		was, err := p.Result(context.Background())
		fmt.Println(was.Before(time.Now().Add(-100*time.Millisecond)), err)
	case "dies", "other":
		var last *record.Record
		for range 8 { // four for each: a pause of 10, 20 and 40 ms between them
			last = <-failed
		}
		fmt.Println(time.Since(begin) > 70*time.Millisecond, last.Level)
		_, err := mp.Start(context.Background(), Born, 0, nil)
		told := fmt.Sprint(last.Args...)
		fmt.Println(errors.Is(err, mp.ErrBinaryMismatch), strings.Contains(told, "another"), strings.Contains(told, "exited with code 3"))
		fmt.Fprintln(os.Stderr, told)
	}
	return nil
}
