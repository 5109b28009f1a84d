package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// bundle may hold files.
type bundle struct{ Files []*os.File }

// bundleOf holds a file n times.
func bundleOf(file *os.File, n int) bundle { return bundle{slices.Repeat([]*os.File{file}, n)} }

// full is the argument of the functions below. They send what they have made over Made, and then an empty message at each step.
type full struct {
	Q    *queue.Queue[bundle]
	Next *queue.Queue[int]
	Made *queue.Queue[belongings]
}

type belongings struct {
	Q    *queue.Queue[bundle]
	Lock *synchronize.Lock
}

var (
	// OwnFull owns a queue and a lock. For a while it can open no file; then it gets all items.
	OwnFull = mp.Register("queue.ownfull", func(ctx context.Context, a full) (got []string, err error) {
		q, err1 := queue.New[bundle](0)
		lock, err2 := synchronize.NewLock()
		if err := errors.Join(err1, err2, a.Made.Put(ctx, belongings{q, lock})); err != nil {
			return nil, err
		}
		_, err = a.Next.Get(ctx) // now all links are there
		err = errors.Join(err, withoutRoom(func() error {
			err := a.Made.Put(ctx, belongings{})
			_, err2 := a.Next.Get(ctx)
			return errors.Join(err, err2)
		}))
		err1 = a.Made.Put(ctx, belongings{})
		_, err2 = a.Next.Get(ctx)
		for q.Len() > 0 {
			got = append(got, outcome(q.Get(ctx)))
		}
		return got, errors.Join(err1, err2, err)
	})
	// GetFull gets one item, another one while it can open no file, and then two more.
	GetFull = mp.Register("queue.getfull", func(ctx context.Context, a full) (got []string, err error) {
		lock, err1 := synchronize.NewLock()
		err2 := a.Made.Put(ctx, belongings{Lock: lock})
		got = append(got, outcome(a.Q.Get(ctx)))
		err = withoutRoom(func() error {
			err := a.Made.Put(ctx, belongings{})
			got = append(got, outcome(a.Q.Get(ctx)))
			return err
		})
		err = errors.Join(err1, err2, err, a.Made.Put(ctx, belongings{}))
		for range 2 {
			got = append(got, outcome(a.Q.Get(ctx)))
		}
		return got, err
	})
)

func outcome(p bundle, err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "no room"
	case err != nil:
		return err.Error()
	}
	for _, f := range p.Files {
		f.Close()
	}
	return fmt.Sprint(len(p.Files), " files")
}

// withoutRoom calls f while this process can open no file.
func withoutRoom(f func() error) error {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 200, Max: before.Max}); err != nil {
		return err
	}
	for {
		null, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		defer null.Close()
	}
	err := f()
	return errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
}

// If the owner of a queue has no descriptor left for an item's file, the Get of that item fails. No other item is lost, and
// no link.
func TestOwnerWithoutRoom(t *testing.T) {
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		leak.Check(t)
		file := must(os.Open(os.DevNull))(t)
		a := full{Next: newQueue[int](t, 0), Made: newQueue[belongings](t, 0)}
		p := start(t, OwnFull, a)
		made := must(a.Made.Get(background))(t)
		err := errors.Join(made.Lock.Acquire(background), made.Q.Put(background, bundleOf(file, 20)))
		if n := made.Q.Len(); n != 1 {
			t.Errorf("%d items", n)
		}
		err = errors.Join(err, a.Next.Put(background, 1))
		must(a.Made.Get(background))(t) // from now on, the owner can open no file
		err = errors.Join(err, made.Q.Put(background, bundleOf(file, 20)), made.Q.Put(background, bundle{}))
		if n := made.Q.Len(); n != 3 {
			t.Errorf("%d items", n)
		}
		if got := outcome(made.Q.Get(background)); got != "no room" { // the owner needs descriptors to send files, too
			t.Error(got)
		}
		err = errors.Join(err, a.Next.Put(background, 1))
		must(a.Made.Get(background))(t) // now it can open files again
		err = errors.Join(err, made.Q.Put(background, bundleOf(file, 4)))
		if n := made.Q.Len(); n != 3 {
			t.Errorf("%d items", n)
		}
		err = errors.Join(err, made.Lock.Release(), a.Next.Put(background, 1))
		got, failed := p.Result(background)
		slices.Sort(got) // items that were sent ahead to this process may come out later
		if want := []string{"0 files", "4 files", "no room"}; errors.Join(err, failed) != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", transport, got, errors.Join(err, failed))
		}
		file.Close()
	}
}

// If a consumer has no descriptor left for an item's file, the Get of that item fails. The owner goes on serving the consumer.
func TestConsumerWithoutRoom(t *testing.T) {
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		leak.Check(t)
		file := must(os.Open(os.DevNull))(t)
		a := full{Q: newQueue[bundle](t, 0), Made: newQueue[belongings](t, 0)}
		p := start(t, GetFull, a)
		made := must(a.Made.Get(background))(t)
		err := errors.Join(made.Lock.Acquire(background), a.Q.Put(background, bundle{}))
		must(a.Made.Get(background))(t) // from now on, the consumer can open no file
		err = errors.Join(err, a.Q.Put(background, bundleOf(file, 20)))
		must(a.Made.Get(background))(t) // now it can open files again
		err = errors.Join(err, made.Lock.Release(), a.Q.Put(background, bundleOf(file, 2)), a.Q.Put(background, bundle{}))
		got, failed := p.Result(background)
		if want := []string{"0 files", "no room", "2 files", "0 files"}; errors.Join(err, failed) != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", transport, got, errors.Join(err, failed))
		}
		file.Close()
	}
}
