#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libvirtd.sh start|stop|kill|restart|anew|reload, in place of the service manager,
# or through it. Running guests survive a stop, as they do on a real host.
pid_file=/run/libvirtd.pid

start() {
	if [ -d /run/systemd/system ]; then
		systemctl start libvirtd.service
	else
		# -d returns once the sockets answer.
		libvirtd -d
	fi
}

end() {
	local pid
	if [ -d /run/systemd/system ]; then
		# A socket's next caller would start it again.
		systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
		systemctl kill --kill-whom=main -s "$1" libvirtd.service
		systemctl stop libvirtd.service
		return
	fi
	pid=$(cat "$pid_file") && kill "-$1" "$pid" || return
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.05
	done
	rm -f "$pid_file"
}

case $1 in
start) start ;;
stop) end TERM ;;
kill) end KILL ;;
restart) end TERM && start ;;
# Asked to stop, it now and then waits half a minute for its own threads.
anew) end KILL && start ;;
reload) kill -HUP "$(cat "$pid_file")" ;;
*)
	echo "usage: libvirtd.sh start|stop|kill|restart|anew|reload" >&2
	exit 2
	;;
esac
