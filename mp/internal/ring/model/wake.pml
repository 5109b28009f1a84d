/*
 * How the two ends of a ring in shared memory put each other to sleep and wake each other. README.md says how to run it and
 * what it leaves out. Each step here is one access to a shared word, so that everything else can happen between any two.
 *
 * Ring r is written in process r and read in process 1-r. Without DUPLEX there is ring 0 only. The number of records is not
 * bounded: counters go round at 2*CAP, which is enough to tell a record from the one that had its place before.
 *
 *   CAP=n      records that fit in a ring
 *   RECORDS=n  so many records and no more, in each ring
 *   DUPLEX     a ring each way, so that each process has a reader and a writer
 *   KILL       one of the processes is killed, at any step
 *   CLOSE      one of the processes closes its end, at any step
 *   NETPOLL    a ring of a bell takes its time through the kernel and the netpoller
 *   PEEK       the other way to look at asleep and wanting: load first, swap only what is set
 *   LIVENESS   the LTL property at the end, in place of what Rest asserts
 *
 * What is in #ifdef otherwise is a mistake that the model has to find: the script "run" lists them.
 */
#ifndef CAP
#define CAP 1
#endif

#ifdef DUPLEX
#define RINGS 2
#else
#define RINGS 1
#endif

#define WRAP (2 * CAP)
#define NEXT(n) (((n) + 1) % WRAP)
#define USED(t, h) (((t) + WRAP - (h)) % WRAP)
#define SLOT(r, n) slot[(r) * CAP + (n) % CAP]
#define HALF 255 /* what a slot holds while a record is being copied into it */

/* The words of a ring that both processes see. */
byte slot[RINGS * CAP];
byte tail[RINGS];    /* stored by the writer only */
byte head[RINGS];    /* stored by the reader only */
bool asleep[RINGS];  /* the reader is about to block: ring its bell */
bool wanting[RINGS]; /* the writer is about to block: ring its bell */

/*
 * A bell is an eventfd that is never read, and that Go's netpoller waits for edge-triggered. latch is pollDesc.rg == pdReady.
 * With NETPOLL, edge is what the kernel has for epoll_wait, and the process Netpoll carries it over to the latch at any time.
 */
#ifdef SHARED_BELL
#define BELLS 2
#define DATA(r) (1 - (r))
#define ROOM(r) (r)
#else
#define BELLS (2 * RINGS)
#define DATA(r) (2 * (r))
#define ROOM(r) (2 * (r) + 1)
#endif
bool latch[BELLS];
#ifdef NETPOLL
bool edge[BELLS];
#endif

/* Words of process p of which the other knows nothing, and what the kernel knows of it. */
bool gone[2];   /* Link: the peer has hung up */
bool closed[2]; /* Close was called in this process */
bool dead[2];   /* it was killed: none of its goroutines takes another step */
bool hungup[2]; /* its end of the control socket is closed */

/* gone and closed only ever become true: this tells no more than two loads, one after the other, in whichever order. */
#define OVER(p) (gone[p] || closed[p])

/* For the properties only. */
bool rblocked[RINGS]; /* the reader is blocked in Bell.Wait */
bool wblocked[RINGS];
byte due[RINGS];      /* what was published before the writer's process hung up, and is not delivered yet */

#define READER_STUCK(r) (rblocked[r] && !dead[1 - (r)] && (tail[r] != head[r] || hungup[r] || closed[1 - (r)]))
#define WRITER_STUCK(r) (wblocked[r] && !dead[r] && (USED(tail[r], head[r]) < CAP || hungup[1 - (r)] || closed[r]))

/* Bell.Ring: a write of 1, which makes an edge also if the counter was not zero before. */
inline Ring(bell) {
#ifdef NETPOLL
	edge[bell] = true
#else
	latch[bell] = true
#endif
}

/* Bell.Wait begins with this: prepareRead of internal/poll. */
inline Reset(bell) { latch[bell] = false }

/* Bell.Wait when the callback has said no: waitRead. Waking up consumes the latch. */
inline Block(bell, blocked) {
	blocked = true;
end_blocked:
	d_step { latch[bell] -> latch[bell] = false; blocked = false }
}

/* if swap(word, 0) == 1, ring the bell: the end of ring.Writer.Publish (asleep), and of taking a record (wanting). */
inline Wake(word, bell) {
	if
	:: !word
#ifdef PEEK
	:: word ->
		if
		:: !word
		:: d_step { word -> word = false };
			Ring(bell)
		fi
#else
	:: d_step { word -> word = false };
#ifdef STORE_BUFFER
		!buffered; /* a swap waits for the stores before it; the load that said "it is set" did not */
#endif
		Ring(bell)
#endif
	fi
}

#ifdef STORE_BUFFER
bool buffered;
byte buffer;

active proctype StoreBuffer() {
end:
	do
	:: d_step { buffered -> tail[0] = buffer; buffered = false }
	od
}
#endif

/* Send is Post and then Flush, so that what does both in any order also does what Send does. */
proctype Writer(byte r) {
	byte t;      /* Writer's own copy of tail */
#ifdef RECORDS
	byte sent;
#endif
	bool posted; /* something is published, and asleep was not looked at since */
#ifdef ASLEEP_BEFORE_TAIL
	bool was;
#endif
	{
		do
#ifdef RECORDS
		:: sent < RECORDS -> /* Post */
			sent++;
#else
		:: true -> /* Post */
#endif
again:
			if
			:: USED(t, head[r]) < CAP -> goto write
			:: else
			fi;
			if
			:: OVER(r) -> goto failed
			:: else
			fi;
			/* Writer.await: who waits for room has to tell the reader of what is to make room. */
#ifndef WAIT_UNFLUSHED
			if
			:: posted -> Wake(asleep[r], DATA(r)); posted = false
			:: else
			fi;
#endif
			Reset(ROOM(r)); /* Bell.Wait */
test:			/* Writer.await, the callback */
			if
			:: USED(t, head[r]) < CAP -> goto again
			:: else
			fi;
			if
			:: OVER(r) -> goto again
			:: else
			fi;
			wanting[r] = true;
#ifndef NO_RETEST_ROOM
			if
			:: USED(t, head[r]) < CAP -> wanting[r] = false; goto again
			:: else
			fi;
			if
			:: OVER(r) -> wanting[r] = false; goto again
			:: else
			fi;
#endif
			Block(ROOM(r), wblocked[r]);
			goto test;
write:			/* ring.Writer.Publish */
			SLOT(r, t) = HALF;
			SLOT(r, t) = t;
#ifdef ASLEEP_BEFORE_TAIL
			d_step { was = asleep[r]; asleep[r] = false };
			d_step { t = NEXT(t); tail[r] = t };
			if
			:: was -> Ring(DATA(r))
			:: else
			fi
#else
#ifdef STORE_BUFFER
			d_step { !buffered -> t = NEXT(t); buffer = t; buffered = true; posted = true }
#else
			d_step { t = NEXT(t); tail[r] = t; posted = true }
#endif
#endif
		:: posted -> /* Flush, and the end of Send */
			Wake(asleep[r], DATA(r));
			posted = false
#ifdef NO_FLUSH
		:: posted -> break
#endif
		:: !posted -> break /* nothing more to send, now or ever */
		od;
failed:		skip
	} unless { dead[r] }
}

proctype Reader(byte r) {
	bool over; /* what gone was before tail was looked at */
	bool record_torn_or_out_of_order;
	bool record_lost_at_eof;
	{
		skip; /* no label may come first here */
again:
#ifndef GONE_AFTER_TAIL
		over = gone[1 - r];
#endif
#ifdef EOF_UNDRAINED
		if
		:: over -> goto eof
		:: else
		fi;
#endif
#ifdef GONE_AFTER_TAIL
		if
		:: tail[r] != head[r] -> goto take
		:: else
		fi;
		if
		:: gone[1 - r] -> goto eof
		:: else
		fi;
#else
		if /* one load of tail */
		:: tail[r] != head[r] -> goto take
		:: tail[r] == head[r] && over -> goto eof
		:: tail[r] == head[r] && !over
		fi;
#endif
		if
		:: closed[1 - r] -> goto failed
		:: else
		fi;
#ifndef LIVENESS
		if
		:: goto again /* a spin, of as many as there may be */
		:: true
		fi;
#endif
#ifndef RESET_AFTER_TEST
		Reset(DATA(r)); /* Bell.Wait */
#endif
test:		/* Reader.await, the callback */
		if
		:: tail[r] != head[r] -> goto again
		:: else
		fi;
		if
		:: OVER(1 - r) -> goto again
		:: else
		fi;
		asleep[r] = true;
#ifndef NO_RETEST
		if
		:: tail[r] != head[r] -> asleep[r] = false; goto again
		:: else
		fi;
		if
		:: OVER(1 - r) -> asleep[r] = false; goto again
		:: else
		fi;
#endif
#ifdef RESET_AFTER_TEST
		Reset(DATA(r));
#endif
		Block(DATA(r), rblocked[r]);
		goto test;
take:
		over = false; /* forget it: states that differ in nothing else are one */
		d_step { record_torn_or_out_of_order = SLOT(r, head[r]) != head[r]; assert(!record_torn_or_out_of_order) };
		d_step {
			head[r] = NEXT(head[r]);
			if
			:: due[r] > 0 -> due[r]--
			:: else
			fi
		};
#ifndef NO_ROOM_BELL
		Wake(wanting[r], ROOM(r));
#endif
		goto again;
eof:
		over = false;
		d_step { record_lost_at_eof = due[r] > 0; assert(!record_lost_at_eof) };
failed:		skip
	} unless { dead[1 - r] }
}

/* The bells of process p: of the ring that it writes and of the one that it reads. */
inline RingOwn(p) {
	d_step {
		if
		:: p < RINGS -> Ring(ROOM(p))
		:: else
		fi
	};
	d_step {
		if
		:: 1 - p < RINGS -> Ring(DATA(1 - p))
		:: else
		fi
	}
}

/* Link gone: the goroutine of process p that reads the control socket. */
proctype Control(byte p) {
end:
	{
		hungup[1 - p];
#ifdef GONE_AFTER_BELLS
		RingOwn(p);
		gone[p] = true
#else
		gone[p] = true;
#ifndef NO_BELL_AT_DEATH
		RingOwn(p)
#endif
#endif
	} unless { dead[p] }
}

inline HangUp(p) {
	if
	:: !hungup[p] && p < RINGS -> due[p] = USED(tail[p], head[p])
	:: else
	fi;
	hungup[p] = true
}

#ifdef CLOSE
/* Close, in a goroutine of its own. The control socket is closed last. */
proctype Closer(byte p) {
	{
		closed[p] = true;
		RingOwn(p);
		d_step { HangUp(p) }
	} unless { dead[p] }
}
#endif

#ifdef KILL
/* The kernel closes the control socket when the last thread has stopped, not before. */
active proctype Killer() {
	if
	:: d_step { dead[0] = true; HangUp(0) }
	:: d_step { dead[1] = true; HangUp(1) }
	fi
}
#endif

#ifdef NETPOLL
active proctype Netpoll() {
end:
	do
	:: d_step { edge[0] -> edge[0] = false; latch[0] = true }
	:: d_step { edge[1] -> edge[1] = false; latch[1] = true }
#if defined(DUPLEX) && !defined(SHARED_BELL)
	:: d_step { edge[2] -> edge[2] = false; latch[2] = true }
	:: d_step { edge[3] -> edge[3] = false; latch[3] = true }
#endif
	od
}
#endif

#ifdef LIVENESS
/* Nobody who has something to do stays blocked for ever, also while others go on for ever. To be checked with fairness. */
ltl woken {
	[] ((READER_STUCK(0) -> <> !READER_STUCK(0)) && (WRITER_STUCK(0) -> <> !WRITER_STUCK(0)))
}
#else
/* When nobody can take a step any more, nobody may be blocked who has something to do. That both are blocked is a case of it. */
active proctype Rest() {
	bool reader_left_asleep;
	bool writer_left_asleep;
end:
	timeout ->
	d_step {
		reader_left_asleep = READER_STUCK(0);
		writer_left_asleep = WRITER_STUCK(0);
#ifdef DUPLEX
		reader_left_asleep = reader_left_asleep || READER_STUCK(1);
		writer_left_asleep = writer_left_asleep || WRITER_STUCK(1);
#endif
		assert(!reader_left_asleep);
		assert(!writer_left_asleep)
	}
}
#endif

init {
	atomic {
		run Control(0);
		run Control(1);
#ifdef CLOSE
		if
		:: run Closer(0)
		:: run Closer(1)
		fi;
#endif
		run Writer(0);
		run Reader(0);
#ifdef DUPLEX
		run Writer(1);
		run Reader(1)
#endif
	}
}
