#include "textflag.h"

// func pause(turns uint32)
TEXT ·pause(SB), NOSPLIT, $0-4
	MOVL turns+0(FP), AX
again:
	PAUSE
	SUBL $1, AX
	JNZ  again
	RET
