package queue

// aheadWord tells which items a consumer has ahead: left items, from the number first on. These numbers count what was sent
// to this client, and have nothing to do with item.number, the order of the queue. Each is used once: after items were
// taken back, the next ones are only sent when those before them are taken, and begin with a higher number.
//
//	 63       48              0
//	+--------+------+---------+
//	| tellMe | left | first   |
//	+--------+------+---------+
type aheadWord uint64

const (
	// tellMe asks the client to tell of the next item that it takes. The client clears it then.
	tellMe     aheadWord = 1 << 63
	firstBits            = 48
	mostInWord           = 1<<15 - 1
)

func (w aheadWord) first() uint64 { return uint64(w) & (1<<firstBits - 1) }
func (w aheadWord) left() int     { return int(w>>firstBits) & mostInWord }

func (w aheadWord) with(first uint64, left int) aheadWord {
	return w&tellMe | aheadWord(left)<<firstBits | aheadWord(first)
}

// taken is the word once the client has taken the first item.
func (w aheadWord) taken() aheadWord { return w.with(w.first()+1, w.left()-1) &^ tellMe }

// checkedWord is what the client has ahead now. A word that makes no sense counts as nothing.
func (c *client) checkedWord() aheadWord {
	if c.aheadWord.Uint64 == nil {
		return 0
	}
	w := aheadWord(c.aheadWord.Load())
	if w.left() > c.ahead.len() || w.first()+uint64(w.left()) > c.sent {
		return w.with(c.sent, 0)
	}
	return w
}

// left is how many items the client has ahead.
func (c *client) left() int { return c.checkedWord().left() }

// trim forgets the items that the client has taken.
func (c *client) trim() {
	n := c.ahead.len() - c.left()
	if n <= 0 {
		return
	}
	c.handed += n
	if c.held == nil {
		c.got = max(c.got, c.ahead.drop(n))
		return
	}
	for range n {
		it := c.ahead.pop(nil)
		c.got = max(c.got, it.number)
		c.took(it)
	}
}

// reached is the highest number of an item that the client has got, or will get next.
func (c *client) reached() uint64 {
	if c.ahead.len() == 0 {
		return c.got
	}
	return max(c.got, c.ahead.last())
}

// ready reports whether items can be sent to the client: there is no gap before them.
func (c *client) ready() bool {
	w := c.checkedWord()
	return w.left() == 0 || w.first()+uint64(w.left()) == c.sent
}

// raise notes that n more items were sent.
func (c *client) raise(n int) {
	for {
		w := aheadWord(c.aheadWord.Load())
		first, left := w.first(), w.left()
		if left == 0 {
			first, c.stood = c.sent, nowhere // new items: it does not stand still
		}
		if c.aheadWord.CompareAndSwap(uint64(w), uint64(w.with(first, left+n))) {
			c.sent += uint64(n)
			return
		}
	}
}

// setPace notes that the client asks for more items, and how many it should have ahead: as many as it takes in aheadFor,
// but at least half and at most twice as many as before. each is how many nanoseconds it took for an item (0: it had none).
// A client too slow for one item in aheadFor gets none ahead, as others could be waiting for it.
func (c *client) setPace(each uint64) {
	c.trim()
	fit := mostAhead
	if each > 0 {
		fit = int(min(uint64(aheadFor)/each, mostAhead))
	}
	c.target = min(max(fit, c.target/2, 1), 2*c.target)
	c.hungry = fit > 0 && c.aheadWord.Uint64 != nil
}

// takeBack takes back up to n of the items that a client has ahead, the last ones. They are the next ones to be given out.
// It returns how many there were. b.mu is held.
func (b *broker) takeBack(c *client, n int) int {
	if c.aheadWord.Uint64 == nil {
		return 0
	}
	for {
		w := c.checkedWord()
		k := min(n, w.left())
		if k == 0 {
			return 0
		}
		if !c.aheadWord.CompareAndSwap(uint64(w), uint64(w.with(w.first(), w.left()-k))) {
			continue
		}
		c.ahead.moveLast(k, &b.items)
		return k
	}
}

// setTellMe has the consumers tell of the items that they take, while a producer waits for room, or a closed queue for its
// end. It must come before the broker looks at what they have taken. b.mu is held.
func (b *broker) setTellMe() {
	want := b.held == nil && (b.puts.len() > 0 || b.closed && b.items.len() == 0)
	for _, c := range b.all {
		for c.aheadWord.Uint64 != nil {
			w := aheadWord(c.aheadWord.Load())
			set := w &^ tellMe
			if want {
				set |= tellMe
			}
			if w == set || c.aheadWord.CompareAndSwap(uint64(w), uint64(set)) {
				break
			}
		}
	}
}
