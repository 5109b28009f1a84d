//go:build !unix

package main

import "errors"

func truncated() error { return errors.ErrUnsupported }
