//go:build windows

package sys

import (
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Job is a process and everything that it starts. It ends when the last handle to it is closed, that is at the latest
// when this process ends, however that happens.
type Job struct{ handle windows.Handle }

// NewJob makes an empty job.
func NewJob() (*Job, error) {
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateJobObject", err)
	}
	j := &Job{h}
	if err := j.limit(windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE); err != nil {
		windows.CloseHandle(h)
		return nil, err
	}
	return j, nil
}

func (j *Job) limit(flags uint32) error {
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(j.handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return os.NewSyscallError("SetInformationJobObject", err)
}

// Terminate ends all processes of the job with this exit code. It is no error if they have ended.
func (j *Job) Terminate(code uint32) error {
	return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(j.handle, code))
}

// Close lets what is left of the job live on, as a process group does when its leader has ended.
func (j *Job) Close() {
	j.limit(0)
	windows.CloseHandle(j.handle)
}

// startTries is how often Start tries to create a process that fails with an internal error of the system. In Wine one process in
// some hundred dies in its loader with that error, and nothing is left of it.
const startTries = 3

// procThreadAttributeJobList is missing in package windows.
const procThreadAttributeJobList = 0x0002000D

// Start starts a process in the job. It is never outside, so nothing is left of it even if this process ends right now.
// The process gets a console group of its own, which Ctrl-C does not reach, and of our handles only those of files, of which the
// first three are its standard streams. The caller owns the returned handle.
func (j *Job) Start(path string, argv, env []string, dir string, files []*ChildEnd) (pid int, process *ProcessHandle, err error) {
	handles := make([]windows.Handle, len(files))
	for i, f := range files {
		h, closeIt, err := f.inheritable()
		if err != nil {
			return 0, nil, err
		}
		defer closeIt()
		handles[i] = h
	}
	attributes, err := windows.NewProcThreadAttributeList(2)
	if err != nil {
		return 0, nil, os.NewSyscallError("InitializeProcThreadAttributeList", err)
	}
	defer attributes.Delete()
	unique := slices.Compact(slices.Sorted(slices.Values(handles))) // the list must not name one twice
	for kind, value := range map[uintptr][]windows.Handle{
		windows.PROC_THREAD_ATTRIBUTE_HANDLE_LIST: unique,
		procThreadAttributeJobList:                {j.handle},
	} {
		err = attributes.Update(kind, unsafe.Pointer(&value[0]), uintptr(len(value))*unsafe.Sizeof(value[0]))
		if err != nil {
			return 0, nil, os.NewSyscallError("UpdateProcThreadAttribute", err)
		}
	}
	info := windows.StartupInfoEx{ProcThreadAttributeList: attributes.List()}
	info.Cb = uint32(unsafe.Sizeof(info))
	info.Flags = windows.STARTF_USESTDHANDLES
	info.StdInput, info.StdOutput, info.StdErr = handles[0], handles[1], handles[2]
	program, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, nil, err
	}
	command, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(argv))
	if err != nil {
		return 0, nil, err
	}
	var cwd *uint16
	if dir != "" {
		if cwd, err = windows.UTF16PtrFromString(dir); err != nil {
			return 0, nil, err
		}
	}
	block, err := environBlock(env)
	if err != nil {
		return 0, nil, err
	}
	const flags = windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_UNICODE_ENVIRONMENT | windows.EXTENDED_STARTUPINFO_PRESENT
	var started windows.ProcessInformation
	creating.Lock()
	defer creating.Unlock()
	for range startTries {
		err = windows.CreateProcess(program, command, nil, nil, true, flags, &block[0], cwd, &info.StartupInfo, &started)
		if err != windows.ERROR_INTERNAL_ERROR {
			break
		}
	}
	if err != nil {
		return 0, nil, &os.PathError{Op: "CreateProcess", Path: path, Err: err}
	}
	windows.CloseHandle(started.Thread)
	return int(started.ProcessId), &ProcessHandle{started.Process}, nil
}

// creating is held during CreateProcess: in Wine, one of two calls at the same time did not return.
var creating sync.Mutex

// environBlock returns env as CreateProcess needs it: each variable ends with a zero, and the list with another.
func environBlock(env []string) ([]uint16, error) {
	var block []uint16
	for _, kv := range env {
		u, err := windows.UTF16FromString(kv)
		if err != nil {
			return nil, err
		}
		block = append(block, u...)
	}
	if len(block) == 0 {
		block = append(block, 0)
	}
	return append(block, 0), nil
}
