// Package mp runs Go functions in other processes, as Python's multiprocessing does.
//
// The program's own binary is started again; the child finds the function by the name under which it was registered,
// runs it, and sends the result back:
//
//	var Square = mp.Register("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
//	func main() { mp.Main(run) }
//
//	func run() error {
//		workers, err := mp.NewPool(context.Background(), nil)
//		if err != nil {
//			return err
//		}
//		defer workers.Close()
//		squares, err := mp.Map(context.Background(), workers, Square, []int{1, 2, 3})
//		fmt.Println(squares, err)
//		return err
//	}
//
// # Why processes, when there are goroutines
//
// Because a crash stays in the child: a segmentation fault in a C library, a SIGBUS, a fatal "concurrent map writes", a
// stack overflow or an OOM kill becomes an error value here. Because work can be stopped: a goroutine cannot be killed,
// a process can. Because memory and per-process state (directory, environment, globals of C libraries) are fenced. Not
// because of speed: goroutines are faster.
//
// # Three rules
//
// Main first. [Main] is the first statement of main. What stands before it, and every package variable and init
// function of the program, runs again in every child, before the function does. In tests, [TestMain] takes its place.
//
// Register at package level. A child knows a function because its own initialisation has registered it too. [Register]
// returns the [Func] that everything else takes: a bare closure does not compile.
//
// Arguments are data. They are encoded, sent and decoded: a child works on a copy. Functions, channels and unexported
// fields cannot be sent, and Register says so by the path of the field. Global variables are per process.
//
// # What can be sent
//
// Booleans, numbers but complex ones, strings, pointers (what they point to is copied; nil stays nil), slices, arrays, maps
// and structs of these, with exported fields, to any depth up to 10,000; an unexported field needs the tag msgpack:"-", or
// its type a codec of its own: EncodeMsgpack and DecodeMsgpack, MarshalBinary or MarshalText and their counterparts.
// time.Time keeps the instant, not the zone. A field of type error keeps its text and the sentinels that it holds. A field
// of type any holds nil, the basic types, time.Time, time.Duration, and slices and maps of the common ones. A *os.File is
// sent as a file: the sender of an argument keeps its own, a file in a result passes to the caller. [Register] refuses the
// rest and says why.
//
// # The nouns
//
// [Process] is one call in a process of its own; [Pool] runs many calls in worker processes that stay. Each noun is
// declared and documented in its own package, where its methods are; the names here are aliases. A [Future] is a call of a
// pool that may not have ended; [AsCompleted] and [WaitAll] wait for several. [Limits] fence a child in.
//
// Processes that run talk through a [Queue] or the ends of a [Pipe], which may be fields of arguments, results and items at
// any time. Packages synchronize and sharedmem have locks and shared memory. Package connection has listeners, and Wait, which
// waits for several things at once. Package dataloader is PyTorch's DataLoader, made of all these.
//
// # When something goes wrong
//
// An error that the function returned, or its panic, arrives as a [*RemoteError], and errors.Is finds the common sentinels of
// io, fs, context and os, those of this library, a syscall.Errno, and those named with [RegisterError]. The death of a process
// arrives as an [*ExitError] with the exit code or signal, what it was running, the end of its standard error, and the
// dump of the Go runtime. A program that starts a process too early gets [ErrBootstrapping], and no process.
// Errors of one noun only, such as process.ErrNotStarted, are in its package.
//
// # Looking inside
//
// [LogToStderr] logs to standard error what the library does, and what functions log through package logging, in children
// too. MP_DEBUG=1 in the environment prints the steps of every bootstrap. MP_DEBUG_WAIT=Process-1 makes the child of that
// name wait until a debugger is attached; it prints its pid.
//
// Nothing that this package starts outlives its parent: when a process ends, however it does, its children end, and so do
// their own children. On macOS and FreeBSD a child that is stopped, or stuck in C code, ends only when it runs again.
package mp
