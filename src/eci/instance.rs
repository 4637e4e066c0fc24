//! The specifications of ECI instances, and the one that a pod gets.
//!
//! Source: `document_detail/451261.html` ("Specify vCPU and memory"), tables as of 2026.

use crate::quantity::Quantity;

/// The annotation that names the specifications to try.
pub const USE_SPECS: &str = "k8s.aliyun.com/eci-use-specs";

/// The variable that leaves a container out of the sum where its value is [`RESOURCE_IGNORE_TRUE`].
pub const RESOURCE_IGNORE: &str = "__ECI_RESOURCE_IGNORE__";
/// The value of [`RESOURCE_IGNORE`] that counts.
pub const RESOURCE_IGNORE_TRUE: &str = "TRUE";

/// The memory in GiB of a pod that names no resources (with 2 vCPU).
const DEFAULT_GIB: i64 = 4;

/// The amounts of memory that ECI offers with an amount of vCPU.
struct Specs {
    /// In quarters of a vCPU.
    quarter_vcpus: i64,
    /// In halves of a GiB.
    half_gibs: &'static [i64],
}

const fn specs(quarter_vcpus: i64, half_gibs: &'static [i64]) -> Specs {
    Specs {
        quarter_vcpus,
        half_gibs,
    }
}

/// The specifications of every region, and those of twelve regions only: at admission the region is
/// unknown, and the smallest memory is the safe guess.
static SPECS: &[Specs] = &[
    specs(1, &[1, 2]),
    specs(2, &[2, 4]),
    specs(4, &[4, 8, 16]),
    specs(8, &[2, 4, 8, 16, 32]),
    specs(16, &[4, 8, 16, 32, 64]),
    specs(32, &[8, 16, 32, 64, 128]),
    specs(48, &[24, 48, 96, 192]),
    specs(64, &[32, 64, 128, 256]),
    specs(96, &[48, 96, 192, 384]),
    specs(128, &[64, 128, 256, 512]),
    specs(208, &[192, 384, 768]),
    specs(256, &[256, 512, 1024]),
    // Hangzhou, Shanghai, Qingdao, Beijing, Zhangjiakou, Hohhot, Ulanqab, Shenzhen, Heyuan, Guangzhou,
    // Chengdu and Singapore.
    specs(8, &[12, 20, 24, 28]),
    specs(16, &[12, 20, 24, 28, 36, 40, 44, 48, 52, 56, 60]),
    specs(
        24,
        &[
            12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 76, 80, 84, 88, 92, 96,
        ],
    ),
    specs(
        32,
        &[
            20, 24, 28, 36, 40, 44, 48, 52, 56, 60, 68, 72, 76, 80, 84, 88, 92, 96, 100, 104, 108,
            112, 116, 120, 124,
        ],
    ),
];

/// The memory in kibibytes of the instance for the given sums of CPU (cores) and memory (bytes), that
/// is of the specification with the smallest memory that holds both. `None` where none does.
pub fn memory_kib(cpu: Option<Quantity>, memory: Option<Quantity>) -> Option<i64> {
    if cpu.is_none() && memory.is_none() {
        return Some(DEFAULT_GIB << 20);
    }
    let cpu = cpu.unwrap_or_default();
    let memory = memory.unwrap_or_default();
    SPECS
        .iter()
        .filter(|specs| cpu <= Quantity::quarters(specs.quarter_vcpus))
        .flat_map(|specs| specs.half_gibs)
        .filter(|half_gibs| memory <= Quantity::whole(**half_gibs << 29))
        .min()
        .map(|half_gibs| half_gibs << 19)
}

/// The smallest memory in kibibytes that [`USE_SPECS`] names: a list of `<vCPU>-<memory>Gi`. `None`
/// where an entry does not tell its memory (an ECS instance type, say).
pub fn use_specs_memory_kib(annotation: &str) -> Option<i64> {
    let memories: Option<Vec<i64>> = annotation
        .split(',')
        .map(|entry| {
            let (cpu, memory) = entry.trim().split_once('-')?;
            Quantity::parse(cpu)?;
            let gib = memory.strip_suffix("Gi")?;
            Quantity::parse(gib)?;
            Some(Quantity::parse(memory)?.floor_kib())
        })
        .collect();
    memories?.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gib(cpu: &str, memory: &str) -> Option<f64> {
        memory_kib(Quantity::parse(cpu), Quantity::parse(memory))
            .map(|kib| kib as f64 / f64::from(1 << 20))
    }

    #[test]
    fn the_samples_of_the_documentation() {
        assert_eq!(memory_kib(None, None), Some(4 << 20));
        // 7 vCPU and 13 GiB run on 8 and 14, 3 and 6 on 4 and 6, 4.25 and 8.5 on 6 and 10.
        assert_eq!(gib("7", "13Gi"), Some(14.0));
        assert_eq!(gib("3", "6Gi"), Some(6.0));
        assert_eq!(gib("4.25", "8.5Gi"), Some(10.0));
    }

    #[test]
    fn the_smallest_memory_that_holds_both() {
        assert_eq!(gib("250m", "1"), Some(0.5));
        assert_eq!(gib("0.25", "512Mi"), Some(0.5));
        assert_eq!(gib("0.25", "513Mi"), Some(1.0));
        assert_eq!(gib("", "1Gi"), Some(1.0));
        assert_eq!(gib("2", ""), Some(1.0), "ECI offers 2 vCPU with 1 GiB");
        assert_eq!(gib("64", "1Gi"), Some(128.0));
        assert_eq!(gib("64", "512Gi"), Some(512.0));
        assert_eq!(gib("65", "1Gi"), None);
        assert_eq!(gib("1", "513Gi"), None);
    }

    #[test]
    fn the_annotation_names_the_memory() {
        assert_eq!(use_specs_memory_kib("2-4Gi"), Some(4 << 20));
        assert_eq!(
            use_specs_memory_kib("4-8Gi, 2-4Gi,2.0-3.5Gi"),
            Some(7 << 19)
        );
        for unknown in [
            "",
            "ecs.c6.xlarge",
            "2-4Gi,ecs.c6.xlarge",
            "ecigpu-P100-4",
            "2-4",
            "2-4G",
            "x-4Gi",
            "2-Gi",
        ] {
            assert_eq!(use_specs_memory_kib(unknown), None, "{unknown}");
        }
    }
}
