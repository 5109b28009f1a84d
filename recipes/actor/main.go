// Actor asks a child that keeps a state, and starts another one when that has died.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Request and Answer have an ID, which says what belongs together.
type Request struct {
	ID   int
	Word string
}

type Answer struct{ ID, Count int }

var Count = mp.Register("count", func(ctx context.Context, conn *mp.Conn) (int, error) {
	counts := make(map[string]int) // the state, which dies with this process
	for {
		var r Request
		err := conn.Recv(ctx, &r)
		if ctx.Err() != nil || errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if r.Word == "poison" {
			os.Exit(3) // as a crash would
		}
		counts[r.Word]++
		if err := conn.Send(ctx, Answer{r.ID, counts[r.Word]}); err != nil {
			return 0, err
		}
	}
})

// question is one of a goroutine to the child. Its reply has room for one, so that nobody waits for who has given up.
type question struct {
	word  string
	reply chan reply
}

type reply struct {
	count int
	err   error
}

// ask returns how often the child has got the word. Any number of goroutines may ask. After an error, the child may have got it.
func ask(ctx context.Context, asked chan<- question, word string) (int, error) {
	q := question{word, make(chan reply, 1)}
	select {
	case asked <- q:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case r := <-q.reply:
		return r.count, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// keep has questions answered until ctx ends. It starts a child for the first one, and for the first one after a death.
func keep(ctx context.Context, asked <-chan question) {
	for {
		select {
		case q := <-asked:
			if err := live(ctx, q, asked); err != nil {
				q.reply <- reply{err: err}
			}
		case <-ctx.Done():
			return
		}
	}
}

// live is the life of one child. Its error says that the child could not be started.
func live(ctx context.Context, first question, asked <-chan question) error {
	ours, theirs, err := mp.Pipe() // a new one: an end that has moved does not come back
	if err != nil {
		return err
	}
	defer ours.Close()
	p, err := mp.Start(ctx, Count, theirs, nil)
	if err != nil {
		return errors.Join(err, theirs.Close())
	}
	answers := make(chan Answer)
	go func() {
		defer close(answers)
		for {
			var a Answer
			if err := ours.Recv(context.WithoutCancel(ctx), &a); err != nil {
				return // io.EOF: the child has ended
			}
			answers <- a
		}
	}()

	id, waiting := 0, make(map[int]chan reply)
	send := func(q question) {
		id++
		waiting[id] = q.reply
		ours.Send(ctx, Request{id, q.word}) // if it fails, the child ends, and the answers do
	}
	send(first)
	for {
		more := asked
		if len(waiting) == 100 {
			more = nil // the next one waits for an answer
		}
		select {
		case q := <-more:
			send(q)
		case a, ok := <-answers:
			if !ok {
				_, err := p.Result(context.WithoutCancel(ctx))
				for _, r := range waiting {
					r <- reply{err: cmp.Or(err, mp.ErrClosed)}
				}
				return nil
			}
			waiting[a.ID] <- reply{count: a.Count}
			delete(waiting, a.ID)
		}
	}
}

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	asked := make(chan question)
	go keep(ctx, asked)
	for _, word := range []string{"tea", "tea", "poison", "tea"} {
		count, err := ask(ctx, asked, word)
		if exit, ok := errors.AsType[*mp.ExitError](err); ok {
			fmt.Println(word, "has ended it with code", exit.ExitCode)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println(word, count)
	}
	return nil
}
