/**
 * Files of a container's cgroups on a hybrid host (Linux 6.18), and what `runc events --stats` (1.1.5) said of them at
 * the same moment.
 *
 * @module
 */

/** Texts by hierarchy and file. */
export const FILES: Readonly<Record<string, string>> = {
  "cpu/cpu.stat":
    "nr_periods 6\nnr_throttled 1\nthrottled_time 7732781\nnr_bursts 0\nburst_time 0\n",
  "cpuacct/cpuacct.stat": "user 18\nsystem 2\n",
  "cpuacct/cpuacct.usage": "210133792\n",
  "cpuacct/cpuacct.usage_all":
    "cpu user system\n0 188000000 28000000\n1 3633485 0\n",
  "cpuacct/cpuacct.usage_percpu": "202640744 7493048 \n",
  "cpuset/cpuset.cpu_exclusive": "0\n",
  "cpuset/cpuset.cpus": "0-1\n",
  "cpuset/cpuset.mem_exclusive": "0\n",
  "cpuset/cpuset.mem_hardwall": "0\n",
  "cpuset/cpuset.memory_migrate": "0\n",
  "cpuset/cpuset.memory_pressure": "0\n",
  "cpuset/cpuset.memory_spread_page": "0\n",
  "cpuset/cpuset.memory_spread_slab": "0\n",
  "cpuset/cpuset.mems": "0\n",
  "cpuset/cpuset.sched_load_balance": "1\n",
  "cpuset/cpuset.sched_relax_domain_level": "-1\n",
  "memory/memory.failcnt": "2611\n",
  "memory/memory.kmem.failcnt": "0\n",
  "memory/memory.kmem.limit_in_bytes": "9223372036854771712\n",
  "memory/memory.kmem.max_usage_in_bytes": "573440\n",
  "memory/memory.kmem.tcp.failcnt": "0\n",
  "memory/memory.kmem.tcp.limit_in_bytes": "9223372036854771712\n",
  "memory/memory.kmem.tcp.max_usage_in_bytes": "0\n",
  "memory/memory.kmem.tcp.usage_in_bytes": "0\n",
  "memory/memory.kmem.usage_in_bytes": "233472\n",
  "memory/memory.limit_in_bytes": "33554432\n",
  "memory/memory.max_usage_in_bytes": "33554432\n",
  "memory/memory.memsw.failcnt": "0\n",
  "memory/memory.memsw.limit_in_bytes": "9223372036854771712\n",
  "memory/memory.memsw.max_usage_in_bytes": "33816576\n",
  "memory/memory.memsw.usage_in_bytes": "2269184\n",
  "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
  "memory/memory.stat":
    "cache 1982464\nrss 53248\nrss_huge 0\nshmem 0\nmapped_file 1351680\ndirty 0\nwriteback 0\nworkingset_refault_anon 0\nworkingset_refault_file 0\nswap 0\nswapcached 0\npgpgin 10644\npgpgout 10147\npgfault 9324\npgmajfault 4\ninactive_anon 49152\nactive_anon 4096\ninactive_file 1982464\nactive_file 0\nunevictable 0\nhierarchical_memory_limit 33554432\nhierarchical_memsw_limit 9223372036854771712\ntotal_cache 1982464\ntotal_rss 53248\ntotal_rss_huge 0\ntotal_shmem 0\ntotal_mapped_file 1351680\ntotal_dirty 0\ntotal_writeback 0\ntotal_workingset_refault_anon 0\ntotal_workingset_refault_file 0\ntotal_swap 0\ntotal_swapcached 0\ntotal_pgpgin 10644\ntotal_pgpgout 10147\ntotal_pgfault 9324\ntotal_pgmajfault 4\ntotal_inactive_anon 49152\ntotal_active_anon 4096\ntotal_inactive_file 1982464\ntotal_active_file 0\ntotal_unevictable 0\n",
  "memory/memory.usage_in_bytes": "2269184\n",
  "pids/pids.current": "1\n",
  "pids/pids.max": "64\n",
  "blkio/blkio.bfq.io_service_bytes": "Total 0\n",
  "blkio/blkio.bfq.io_service_bytes_recursive": "Total 0\n",
  "blkio/blkio.bfq.io_serviced": "Total 0\n",
  "blkio/blkio.bfq.io_serviced_recursive": "Total 0\n",
  "blkio/blkio.throttle.io_service_bytes": "Total 0\n",
  "blkio/blkio.throttle.io_service_bytes_recursive": "Total 0\n",
  "blkio/blkio.throttle.io_serviced": "Total 0\n",
  "blkio/blkio.throttle.io_serviced_recursive": "Total 0\n",
  "unified/cpu.pressure":
    "some avg10=1.63 avg60=0.34 avg300=0.07 total=237566\nfull avg10=1.63 avg60=0.34 avg300=0.07 total=232387\n",
  "unified/hugetlb.2MB.current": "0\n",
  "unified/hugetlb.2MB.events": "max 0\n",
  "unified/hugetlb.2MB.rsvd.current": "0\n",
  "unified/io.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=13316\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=13179\n",
  "unified/memory.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=11608\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=11608\n",
};

/** The event. */
export const RUNC_EVENT =
  `{"type":"stats","id":"c2rec","data":{"cpu":{"usage":{"total":210133792,"percpu":[202640744,7493048],"percpu_kernel":[28000000,0],"percpu_user":[188000000,3633485],"kernel":20000000,"user":180000000},"throttling":{"periods":6,"throttledPeriods":1,"throttledTime":7732781}},"cpuset":{"cpus":[0,1],"cpu_exclusive":0,"mems":[0],"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":1,"sched_relax_domain_level":-1},"memory":{"cache":1982464,"usage":{"limit":33554432,"usage":2269184,"max":33554432,"failcnt":2611},"swap":{"limit":9223372036854771712,"usage":2269184,"max":33816576,"failcnt":0},"kernel":{"limit":9223372036854771712,"usage":233472,"max":573440,"failcnt":0},"kernelTCP":{"limit":9223372036854771712,"failcnt":0},"raw":{"active_anon":4096,"active_file":0,"cache":1982464,"dirty":0,"hierarchical_memory_limit":33554432,"hierarchical_memsw_limit":9223372036854771712,"inactive_anon":49152,"inactive_file":1982464,"mapped_file":1351680,"pgfault":9324,"pgmajfault":4,"pgpgin":10644,"pgpgout":10147,"rss":53248,"rss_huge":0,"shmem":0,"swap":0,"swapcached":0,"total_active_anon":4096,"total_active_file":0,"total_cache":1982464,"total_dirty":0,"total_inactive_anon":49152,"total_inactive_file":1982464,"total_mapped_file":1351680,"total_pgfault":9324,"total_pgmajfault":4,"total_pgpgin":10644,"total_pgpgout":10147,"total_rss":53248,"total_rss_huge":0,"total_shmem":0,"total_swap":0,"total_swapcached":0,"total_unevictable":0,"total_workingset_refault_anon":0,"total_workingset_refault_file":0,"total_writeback":0,"unevictable":0,"workingset_refault_anon":0,"workingset_refault_file":0,"writeback":0}},"pids":{"current":1,"limit":64},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}}`;
