# Identifies devices with SNMP::Info (Debian: libsnmp-info-perl), one after the other, as the benchmark identify.py asks.
#
#     perl snmp_info.pl leaves                  # each MIB object that its classes name: module or nothing, name
#     perl snmp_info.pl read PORT MIBS...       # communities on standard input; MIBS: folders of MIB files
#
# Told of each device: community, class, vendor, os, os_ver, model, serial, tab-separated.

use strict;
use warnings;
use File::Find;
use SNMP::Info;

sub leaves {
    my ($root) = $INC{'SNMP/Info.pm'} =~ /(.*)\.pm$/;
    my @classes = ('SNMP::Info');
    find( sub { push @classes, $File::Find::name =~ s{^\Q$root\E/}{SNMP/Info/}r if /\.pm$/ }, $root );
    for my $class (@classes) {
        if ( $class =~ /\.pm$/ ) {
            eval { require $class } or next;    # its MRO.pm needs a module that Debian does not bring along
            $class =~ s/\.pm$//;
            $class =~ s{/}{::}g;
        }
        no strict 'refs';
        my %checked = %{"${class}::MIBS"};
        print "$_\t$checked{$_}\n" for keys %checked;
        for my $name ( values %{"${class}::GLOBALS"}, values %{"${class}::FUNCS"} ) {
            my ( $module, $leaf ) = $name =~ /^(.+)__(.+)$/ ? ( $1 =~ tr/_/-/r, $2 ) : ( '', $name );
            print "$module\t$1\n" if $leaf =~ /^([a-z][A-Za-z0-9-]*)/;
        }
    }
}

sub told {
    my ($value) = @_;
    return ( defined $value ? $value : '' ) =~ s/[\s\0]+/ /gr;
}

sub identify {
    my ( $port, @mibs ) = @_;
    SNMP::addMibDirs($_) for @mibs;
    eval { SNMP::loadModules('SNMP-INFO-LEAVES') };
    while ( my $community = <STDIN> ) {
        chomp $community;
        my $device = eval {
            SNMP::Info->new(
                AutoSpecify => 1,
                DestHost    => '127.0.0.1',
                RemotePort  => $port,
                Community   => $community,
                Version     => 2,
            );
        };
        my @said = $device ? map { my $ask = $_; scalar eval { $device->$ask() } } qw(class vendor os os_ver model serial) : ('failed');
        print join( "\t", $community, map { told($_) } @said ), "\n";
    }
}

my ( $what, @given ) = @ARGV;
$what eq 'leaves' ? leaves() : identify(@given);
