#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs commands for the harness: agent.pl PORT
#   in:  "LENGTH\n" command
#   out: "EXIT-CODE LENGTH LENGTH\n" stdout stderr
# The output goes through files, so that a daemon left behind by a command does
# not keep the answer back; new files each time, so that it does not write into
# the answer of a later one.  Not a shell: each process costs 30 ms here.
use strict;
use warnings;
use POSIX ();

my ($port) = @ARGV;
my $dir = "/run/agent/" . ($port =~ s{.*/}{}r);
mkdir "/run/agent";
mkdir $dir;
open(my $line, "+<:raw", $port) or die "$port: $!";

sub receive {
	my ($length, $bytes) = (shift, "");
	while (length($bytes) < $length) {
		sysread($line, $bytes, $length - length($bytes), length($bytes)) or exit 1;
	}
	return $bytes;
}

# One byte at a time: what follows it is the command.
sub receive_length {
	my $digits = "";
	while ((my $byte = receive(1)) ne "\n") {
		$digits .= $byte;
	}
	return $digits;
}

sub send_all {
	my $bytes = shift;
	while ($bytes ne "") {
		my $sent = syswrite($line, $bytes) // exit 1;
		substr($bytes, 0, $sent, "");
	}
}

sub fresh {
	my $path = "$dir/$_[0]";
	unlink $path;
	open(my $file, "+>:raw", $path) or die "$path: $!";
	return $file;
}

sub content {
	my $file = shift;
	seek $file, 0, 0;
	local $/;
	return <$file> // "";
}

while (1) {
	my $command = receive(receive_length());
	my ($script, $out, $err) = map { fresh($_) } "command", "out", "err";
	print $script $command;
	close $script;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, "<", "/dev/null";
		open STDOUT, ">&", $out;
		open STDERR, ">&", $err;
		exec("/bin/bash", "$dir/command") or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	# As a shell says it.
	my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my ($said, $complained) = map { content($_) } $out, $err;
	send_all("$code " . length($said) . " " . length($complained) . "\n$said$complained");
}
