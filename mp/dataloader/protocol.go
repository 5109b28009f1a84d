package dataloader

import (
	"math"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// order is an item of an index queue: a batch that the worker is to get.
type order struct {
	Serial  uint64 // of all orders of the loader, from 1
	Cancel  bool   // instead: nobody wants what was ordered before
	Seed    uint64
	Epoch   int
	Indices []int
	Slab    int  // that the batch is made in
	Probe   bool // whether it can be got is all that is of interest

	// Of an IterableDataset, instead of indices.
	Count       int  // how many samples
	Fresh       bool // from the beginning, without the first so many
	FastForward int
}

// limit is how long it may take, where a batch may take timeout: what the worker passes by takes time, too.
func (o *order) limit(timeout time.Duration) time.Duration {
	if o.Fresh && o.FastForward > 0 && timeout > 0 {
		passed := time.Duration((o.FastForward-1)/o.Count + 1)
		timeout *= 1 + min(passed, math.MaxInt64/4/timeout)
	}
	return timeout
}

// reply is an item of the data queue.
type reply struct {
	Worker  int    // the number of the process
	Serial  uint64 // of the order; 0: the worker is ready
	Name    string // of the process, when it is ready
	Pid     int
	Len     int    // of the dataset; −1: nobody knows
	Body    []byte // the batch, encoded; nothing if no sample is left
	Files   []*os.File
	News    slabNews  // of the slab of the order
	Samples int       // in the batch
	Skipped []trouble // what was left out
	Trouble *trouble  // why there is no batch
	Busy    time.Duration

	// Of an IterableDataset.
	Yielded int  // how many samples it has yielded for this order
	End     bool // it has no more
}

// whole is the position of a trouble, and of what is at work, that is the matter of no sample alone.
const whole = -1

// trouble is what went wrong with a sample, or with a batch.
type trouble struct {
	Position int // in the order; whole: all of it
	Attempts int
	Late     bool // its time was over
	Collate  bool // the samples were there
	Failure  spawn.Failure
}

// preset is the call of an initializer.
type preset struct {
	Func  uint32
	Arg   []byte
	Files []*os.File
}

// workerArg is what a worker is started with.
type workerArg struct {
	Number    int // of the process, from 1
	ID, Count int

	Open    preset
	Init    *preset
	Collate *uint32 // the number of the function; nil: the dataset makes batches

	Orders  *queue.Queue[order] // the index queue
	Replies *queue.Queue[reply] // the data queue
	AtWork  *sharedmem.Value[uint64]

	Slabs                int
	Seed                 uint64 // of the epoch that it is started for
	Epoch                int
	InitTimeout, Timeout time.Duration
	rules
}

// rules are how a sample or batch is got, in a worker and in this process alike.
type rules struct {
	Retries  int
	Skip     bool
	DropLast bool
}

// exitReport is what a worker returns: why it could not begin, or not go on.
type exitReport struct {
	Failure *spawn.Failure
	Init    bool // of WorkerInit; otherwise of opening the dataset
}

// atWork is the word by which a worker tells what it is at: the order, and which sample of it. 0: nothing.
func atWork(serial uint64, position int) uint64 { return serial<<32 | uint64(uint32(position+2)) }

// begun takes atWork apart.
func begun(word uint64) (serial uint32, position int) {
	return uint32(word >> 32), int(uint32(word)) - 2
}
