//go:build slow

package main

import "time"

func init() { time.Sleep(150 * time.Millisecond) }
