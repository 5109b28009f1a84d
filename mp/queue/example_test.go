package queue_test

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// Squares is a job: a queue of numbers to square, and one for the squares.
type Squares struct {
	Numbers *queue.Queue[int]
	Squares *queue.Queue[int]
}

var SquareAll = mp.Register("example.squareall", func(ctx context.Context, job Squares) (int, error) {
	count := 0
	for n, err := range job.Numbers.All(ctx) {
		if err != nil {
			return count, err
		}
		if err := job.Squares.Put(ctx, n*n); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
})

// A producer and two consumers in processes of their own. Close says that nothing more comes.
func ExampleQueue() {
	ctx := context.Background()
	numbers, err := queue.New[int](10) // Put waits while there are ten
	if err != nil {
		fmt.Println(err)
		return
	}
	squares, _ := queue.New[int](0)
	var workers []*mp.Process[int]
	for range 2 {
		p, err := mp.Start(ctx, SquareAll, Squares{numbers, squares}, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		workers = append(workers, p)
	}
	for n := range 100 {
		numbers.Put(ctx, n)
	}
	numbers.Close()
	for _, p := range workers {
		p.Join(ctx)
	}
	squares.Close()
	sum := 0
	for n, err := range squares.All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		sum += n
	}
	fmt.Println(sum)
	// Output: 328350
}

var Chores = mp.Register("example.chores", func(ctx context.Context, q *queue.JoinableQueue[string]) (int, error) {
	done := 0
	for range q.All(ctx) {
		done++ // the chore
		if err := q.TaskDone(); err != nil {
			return done, err
		}
	}
	return done, nil
})

// Join waits until all that was put is done.
func ExampleJoinableQueue() {
	ctx := context.Background()
	q, err := queue.NewJoinable[string](0)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := mp.Start(ctx, Chores, q, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, chore := range []string{"sweep", "wash", "dry"} {
		q.Put(ctx, chore)
	}
	fmt.Println(q.Join(ctx))
	q.Close()
	fmt.Println(p.Result(ctx))
	// Output:
	// <nil>
	// 3 <nil>
}
