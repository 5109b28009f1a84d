package dataloader

import (
	"math"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// order is an item of an index queue: a batch that the worker is to make.
type order struct {
	Serial  uint64 // unique in the loader, from 1
	Cancel  bool   // no batch: the worker drops all orders before this one
	Seed    uint64
	Epoch   int
	Indices []int
	Slab    int  // the batch is made in it
	Probe   bool // the batch is only made to see whether it can be, and not sent

	// Of an IterableDataset, instead of indices.
	Count       int  // how many samples
	Fresh       bool // begin a new iteration, and pass by the first FastForward samples
	FastForward int
}

// limit returns how long the order may take if a batch may take timeout: the samples that the worker passes by take time, too.
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
	Len     int    // of the dataset, or lengthUnknown
	Body    []byte // the batch, encoded; nothing if no sample is left
	Files   []*os.File
	News    slabNews  // of the slab of the order
	Samples int       // in the batch
	Skipped []trouble // of samples that were left out
	Trouble *trouble  // why there is no batch
	Busy    time.Duration

	// Of an IterableDataset.
	Yielded int  // how many samples it has yielded for this order
	End     bool // it has no more
}

// whole is a position, or an index, that stands for the batch and not for one of its samples.
const whole = -1

// trouble is what went wrong with a sample, or with a batch.
type trouble struct {
	Position int // in the order; whole: all of it
	Attempts int
	Late     bool // its time was over
	Collate  bool // the samples were got, but not made into a batch
	Failure  spawn.Failure
}

// preset is an initializer and its encoded argument.
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
	Collate *uint32 // the ID of the function; nil: the dataset makes batches

	Orders  *queue.Queue[order] // the index queue
	Replies *queue.Queue[reply] // the data queue
	AtWork  *sharedmem.Value[uint64]

	Slabs                int
	Seed                 uint64 // of the epoch that it is started for
	Epoch                int
	InitTimeout, Timeout time.Duration
	rules
}

// rules are options that a fetch follows, in a worker and with Workers 0 alike.
type rules struct {
	Retries  int
	Skip     bool
	DropLast bool
}

// exitReport is the result of a worker: why it could not begin, go on or end in order.
type exitReport struct {
	Failure     *spawn.Failure
	Init, Close bool // of WorkerInit, or of the dataset's Close; otherwise of opening the dataset
}

// atWork is the word of shared memory that tells what a worker is at: the low 32 bits of the order's serial, and the position of
// the sample. 0: nothing.
func atWork(serial uint64, position int) uint64 { return serial<<32 | uint64(uint32(position+2)) }

// begun splits the word that atWork has made.
func begun(word uint64) (serial uint32, position int) {
	return uint32(word >> 32), int(uint32(word)) - 2
}
