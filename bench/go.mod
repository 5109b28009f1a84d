module github.com/go-multiprocessing/multiprocessing/bench

go 1.26.0

replace github.com/go-multiprocessing/multiprocessing => ../

require (
	github.com/go-multiprocessing/multiprocessing v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.49.0
)

require (
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)
