//go:build wasip1

// Guest is the job for WebAssembly: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared.
package main

import "github.com/go-multiprocessing/multiprocessing/compare/job"

// run is what the host calls. Only numbers cross: the error is −1.
//
//go:wasmexport run
func run(kind int32, n int64) int64 {
	result, err := job.Do(job.Kind(kind), int(n))
	if err != nil {
		return -1
	}
	return int64(result)
}

func main() {}
