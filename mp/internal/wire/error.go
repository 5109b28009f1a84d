package wire

// The plan of fields and values of type error: nil, or a Failure. It comes back
// as an error with the same text, for which errors.Is finds the registered
// errors.

var errorPlan = &leaf[error]{encodeError, decodeError, 1}

func encodeError(e *encoder, p *error) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	f := Describe(*p)
	if err := e.list(4); err != nil {
		return err
	}
	if err := e.text(f.Message); err != nil {
		return err
	}
	if err := e.text(f.Type); err != nil {
		return err
	}
	if err := encodeStrings(e, &f.Sentinels); err != nil {
		return err
	}
	return e.msg.EncodeUint(f.Errno)
}

func decodeError(d *decoder, p *error) (err error) {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		*p = nil
		return nil
	}
	if err := d.exactly(4, "parts of an error"); err != nil {
		return err
	}
	a := new(arrived)
	if a.failure.Message, err = d.text(); err != nil {
		return err
	}
	if a.failure.Type, err = d.text(); err != nil {
		return err
	}
	if err := decodeStrings(d, &a.failure.Sentinels); err != nil {
		return err
	}
	if a.failure.Errno, err = d.uint(); err != nil {
		return err
	}
	*p = a
	return nil
}
