package popen

// Memory is how many bytes of memory the process has now, on Windows its working set; os.ErrProcessDone once it was reaped.
func (p *Process) Memory() (n int64, err error) {
	err = p.WithPid(func(int) (err error) {
		n, err = p.memory()
		return err
	})
	return n, err
}

// SetNice sets the nice value of the process and of what it has started (its process group); on Windows it sets the nearest
// priority class of the process. It returns os.ErrProcessDone once the process was reaped.
func (p *Process) SetNice(nice int) error {
	return p.WithPid(func(int) error { return p.setNice(nice) })
}
