//go:build !cgo || !native

package main

import "fmt"

func run() error {
	fmt.Println("this was built without its C; with a C compiler, type: CGO_ENABLED=1 go run -tags native ./examples/native")
	return nil
}
