//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

func truncated() error {
	f, err := os.CreateTemp("", "truncated")
	if err != nil {
		return err
	}
	defer f.Close()
	os.Remove(f.Name())
	if err := f.Truncate(4096); err != nil {
		return err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	fmt.Println(data[0])
	return nil
}
