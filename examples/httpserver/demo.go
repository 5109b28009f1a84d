package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

const (
	clients = 16
	cycle   = 50 // of so many uploads in a row, one is poisoned in each of the ways: 2 %
)

// demonstrate starts the service, sends it uploads, and prints how they were answered.
func demonstrate(ctx context.Context, o options) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serve(serving, listener, o) }()
	err = show(ctx, base, o)
	stop()
	if err = errors.Join(err, <-served); err != nil {
		return err
	}
	fmt.Printf("the service has stopped; it leaves %d processes\n", len(mp.ActiveChildren()))
	return nil
}

func show(ctx context.Context, base string, o options) error {
	before, err := ask(ctx, base)
	if err != nil {
		return err
	}
	const uploads = 400
	fmt.Printf("httpserver (pid %d), %d workers; %d clients send %d uploads\n", before.Pid, o.workers, clients, uploads)
	began := time.Now()
	answers := send(ctx, base, uploads)
	took := time.Since(began)
	after, err := ask(ctx, base)
	if err != nil {
		return err
	}

	var right, wrong int
	blamed := make([][]answer, len(poisons))
	for _, a := range answers {
		switch {
		case !a.asItShould():
			wrong++
		case a.poison < 0:
			right++
		default:
			blamed[a.poison] = append(blamed[a.poison], a)
		}
	}
	fmt.Printf("  %d × 200  the picture, each one right\n", right)
	for i, p := range poisons {
		if len(blamed[i]) > 0 {
			a := blamed[i][0]
			fmt.Printf("  %3d × %d  %-27s  %-8s  %s\n", len(blamed[i]), a.status, p.name, a.blame.Cause, a.blame.Said)
		}
	}
	fmt.Printf("in %.1f s; httpserver is still pid %d; %d new workers have taken the place of dead ones\n",
		took.Seconds(), after.Pid, after.Pool.Started-before.Pool.Started)
	if wrong > 0 || after.Pid != before.Pid {
		return fmt.Errorf("%d uploads were not answered as they should have been", wrong)
	}
	return nil
}

// answer is what became of one upload.
type answer struct {
	poison  int
	want    Picture
	status  int
	picture Picture // when the status is 200
	blame   Blame   // otherwise
	err     error
}

func (a answer) asItShould() bool {
	if a.poison < 0 {
		return a.err == nil && a.status == http.StatusOK && a.picture == a.want
	}
	p := poisons[a.poison]
	return a.err == nil && a.status == http.StatusUnprocessableEntity && a.blame.Item == p.name &&
		a.blame.Cause == p.cause && strings.HasPrefix(a.blame.Said, p.said)
}

// send sends n uploads, some of them poisoned, from several clients at the same time, and returns the answers.
func send(ctx context.Context, base string, n int) []answer {
	answers := make([]answer, n)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	var taken atomic.Int64
	for range clients {
		wg.Go(func() {
			for i := int(taken.Add(1)) - 1; i < n; i = int(taken.Add(1)) - 1 {
				answers[i] = post(ctx, client, base, i, poisonOf(i))
			}
		})
	}
	wg.Wait()
	return answers
}

// poisonOf is the index in poisons for the upload with this number; −1: it is not poisoned.
func poisonOf(number int) int {
	apart := cycle / len(poisons)
	if at := number % cycle; at%apart == 0 && at/apart < len(poisons) {
		return at / apart
	}
	return -1
}

func post(ctx context.Context, client *http.Client, base string, number, poison int) answer {
	a := answer{poison: poison}
	name, spoil := fmt.Sprint("picture-", number), (func(*parts))(nil)
	if poison >= 0 {
		name, spoil = poisons[poison].name, poisons[poison].spoil
	}
	file, want := upload(number, spoil)
	a.want = want
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/decode/"+name, bytes.NewReader(file))
	if err != nil {
		a.err = err
		return a
	}
	response, err := client.Do(r)
	if err != nil {
		a.err = err
		return a
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	var into any = &a.blame
	if a.status == http.StatusOK {
		into = &a.picture
	}
	a.err = json.NewDecoder(response.Body).Decode(into)
	return a
}

func ask(ctx context.Context, base string) (status Status, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/status", nil)
	if err != nil {
		return status, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return status, err
	}
	defer response.Body.Close()
	return status, json.NewDecoder(response.Body).Decode(&status)
}
