package connection

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ErrAuthentication says that the other end of a connection does not have the same key, or speaks another protocol. It is
// Python's AuthenticationError.
var ErrAuthentication = errors.New("mp: authentication failed")

func init() { spawn.RegisterError("mp.connection.ErrAuthentication", ErrAuthentication) }

// The handshake is that of CPython since 3.12, with SHA-256 as the only digest. Each end proves that it has the key without
// sending it. The dialling end is first:
//
//	→ #CHALLENGE#{sha256} and 40 random bytes
//	← {sha256} and the HMAC of everything after #CHALLENGE#
//	→ #WELCOME# or #FAILURE#
const (
	challengeMark = "#CHALLENGE#"
	digestMark    = "{sha256}"
	welcome       = "#WELCOME#"
	failure       = "#FAILURE#"

	challengeSize = 40
	// shortestChallenge is the length below which Python refuses a challenge as unsafe.
	shortestChallenge = 20
	// longestMessage bounds the messages of a handshake.
	longestMessage = 256
)

// ourChallenges has the pending challenges of this process's dialling ends. Only the accepting end may answer them. A peer that
// sends one of them back to a dialling end wants this process to compute the answer for it.
var ourChallenges sync.Map

// hear receives one message of the handshake.
func hear(ctx context.Context, c *Conn) ([]byte, error) {
	p, err := conn.RecvShort(ctx, c, longestMessage)
	if errors.Is(err, conn.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrAuthentication, spawn.Inner(err))
	}
	return p, err
}

// challenge makes the other end prove that it has the key.
func challenge(ctx context.Context, c *Conn, key []byte, accepted bool) error {
	message := make([]byte, len(digestMark)+challengeSize)
	copy(message, digestMark)
	_, _ = rand.Read(message[len(digestMark):]) // it does not fail
	if !accepted {
		ourChallenges.Store(string(message), true)
		defer ourChallenges.Delete(string(message))
	}
	if err := c.SendBytes(ctx, append([]byte(challengeMark), message...)); err != nil {
		return err
	}
	response, err := hear(ctx, c)
	if err != nil {
		return err
	}
	if !hmac.Equal(response, answer(message, key)) {
		_ = c.SendBytes(ctx, []byte(failure)) // the peer is refused, whether this arrives or not
		return fmt.Errorf("%w: the other end does not have our key", ErrAuthentication)
	}
	return c.SendBytes(ctx, []byte(welcome))
}

// respond proves to the other end that this end has the key.
func respond(ctx context.Context, c *Conn, key []byte, accepted bool) error {
	message, err := hear(ctx, c)
	message, ok := bytes.CutPrefix(message, []byte(challengeMark))
	switch {
	case err == nil && !ok, errors.Is(err, ErrAuthentication):
		return fmt.Errorf("%w: the other end began with no challenge: does it ask for no key?", ErrAuthentication)
	case err != nil:
		return err
	case !bytes.HasPrefix(message, []byte(digestMark)):
		return fmt.Errorf("%w: the other end wants another digest than SHA-256: it may be a Python before 3.12", ErrAuthentication)
	case len(message)-len(digestMark) < shortestChallenge:
		return fmt.Errorf("%w: the other end's challenge is too short to be safe", ErrAuthentication)
	}
	if _, ours := ourChallenges.Load(string(message)); ours && !accepted {
		return fmt.Errorf("%w: the other end's challenge is one of ours", ErrAuthentication)
	}
	if err := c.SendBytes(ctx, answer(message, key)); err != nil {
		return err
	}
	verdict, err := hear(ctx, c)
	switch {
	case err != nil:
		return err
	case string(verdict) != welcome:
		return fmt.Errorf("%w: the other end does not accept our key", ErrAuthentication)
	}
	return nil
}

func answer(message, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum([]byte(digestMark))
}

// handshake makes both ends prove the key to each other. The accepting end challenges first.
func handshake(ctx context.Context, c *Conn, opts *Options, accepted bool) error {
	key := opts.key()
	if key == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, opts.handshakeTimeout(), errSlow)
	defer cancel()
	steps := []func(context.Context, *Conn, []byte, bool) error{respond, challenge}
	if accepted {
		steps = []func(context.Context, *Conn, []byte, bool) error{challenge, respond}
	}
	for _, step := range steps {
		if err := step(ctx, c, key, accepted); err != nil {
			return err
		}
	}
	return nil
}

// errSlow is the error of a handshake that takes too long.
var errSlow = fmt.Errorf("%w: the other end did not finish its handshake", spawn.ErrTimeout)
