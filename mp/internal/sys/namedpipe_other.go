//go:build !windows

package sys

import (
	"context"
	"errors"
)

// PipeListener is for Windows.
type PipeListener struct{}

// ListenPipe is not supported.
func ListenPipe(string) (*PipeListener, error) { return nil, errors.ErrUnsupported }

// Accept is not supported.
func (l *PipeListener) Accept() (*Conn, error) { return nil, errors.ErrUnsupported }

// Close has nothing to close.
func (l *PipeListener) Close() error { return nil }

// DialPipe is not supported.
func DialPipe(context.Context, string) (*Conn, error) { return nil, errors.ErrUnsupported }
