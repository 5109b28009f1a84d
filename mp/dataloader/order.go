package dataloader

// Order says in which order batches come. The zero value is InOrder.
type Order struct {
	window int // how many others a batch may overtake; unbounded; or badWindow
}

const (
	unbounded = -1
	badWindow = -2
)

// InOrder is the order of the sampler.
func InOrder() Order { return Order{} }

// Unordered yields the batch that is ready first, so that a slow one holds up nothing. The order depends on chance then.
func Unordered() Order { return Order{unbounded} }

// Window yields the batch that is ready first, unless it is more than n places behind the first one that was not yielded: a batch
// overtakes at most n others, and is overtaken by at most n.
func Window(n int) Order {
	if n < 0 {
		n = badWindow
	}
	return Order{n}
}

// allows reports whether a batch may be yielded that is places behind the first one that was not.
func (o Order) allows(places int) bool { return o.window == unbounded || places <= o.window }
