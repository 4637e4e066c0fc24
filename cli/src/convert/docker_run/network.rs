//! The options of Docker on a container's network: ports, names and servers of names.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::pod::{Applied, Pod, label_of, object, push, set};

/// How many ports of a range are listed; more help nobody, as ports are for information only.
const PORTS: u16 = 100;

/// `host`, or another network, by its name or as `name=…,alias=…`.
pub(super) fn network(pod: &mut Pod, value: &str) -> Applied {
    let name = value
        .split(',')
        .find_map(|field| field.trim().strip_prefix("name="))
        .unwrap_or(value);
    match name {
        "" => return Err("a network has a name".to_owned()),
        "host" => set(&mut pod.spec, "hostNetwork", true),
        "bridge" | "default" | "private" => {}
        "none" => pod.remark("no pod is without a network; a NetworkPolicy can forbid all traffic"),
        _ if name.starts_with("container:") => {
            pod.remark(
                "containers of one pod share their network; add the other container to the pod",
            );
        }
        _ => pod.remark("a pod is in the cluster's network; a NetworkPolicy can keep pods apart"),
    }
    Ok(())
}

/// `port`, `host:port`, `address:host:port`, with `/protocol`, each port perhaps a range; or
/// `published=…,target=…,protocol=…`.
pub(super) fn publish(pod: &mut Pod, value: &str) -> Applied {
    let mut published;
    let (target, protocol) = if value.contains('=') {
        let (mut target, mut protocol) = ("", "tcp");
        published = "";
        for field in value.split(',') {
            match field.split_once('=') {
                Some(("target", value)) => target = value,
                Some(("published", value)) => published = value,
                Some(("protocol", value)) => protocol = value,
                Some(("mode" | "name" | "app_protocol", _)) => {}
                _ => return Err("a port has target=, published=, protocol= and mode=".to_owned()),
            }
        }
        (target, protocol)
    } else {
        let (ports, protocol) = value.rsplit_once('/').unwrap_or((value, "tcp"));
        let target;
        (published, target) = ports.rsplit_once(':').unwrap_or(("", ports));
        (target, protocol)
    };
    add_ports(pod, target, protocol)?;
    if !published.is_empty() {
        pod.remark(
            "a pod on ECI has an address of its own, and no port of a host; a Service publishes the port",
        );
    }
    Ok(())
}

/// `port` or `port-port`, with `/protocol`.
pub(super) fn expose(pod: &mut Pod, value: &str) -> Applied {
    let (ports, protocol) = value.rsplit_once('/').unwrap_or((value, "tcp"));
    add_ports(pod, ports, protocol)
}

fn add_ports(pod: &mut Pod, ports: &str, protocol: &str) -> Applied {
    let number = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|port| *port > 0 && !text.starts_with('+'))
    };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (Some(first), Some(last)) = (number(first), number(last)) else {
        return Err(
            "a port is a number from 1 to 65535, or two with a dash between them".to_owned(),
        );
    };
    if last < first {
        return Err("a range of ports begins with the smaller one".to_owned());
    }
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => None,
        "udp" => Some("UDP"),
        "sctp" => Some("SCTP"),
        _ => return Err("a protocol is tcp, udp or sctp".to_owned()),
    };
    if last - first >= PORTS {
        pod.remark(
            "so many ports are not listed; a pod's ports are for information, and all of them are open",
        );
        return Ok(());
    }
    for port in first..=last {
        push(
            &mut pod.container,
            "ports",
            match protocol {
                None => json!({"containerPort": port}),
                Some(protocol) => json!({"containerPort": port, "protocol": protocol}),
            },
        );
    }
    Ok(())
}

pub(super) fn hostname(pod: &mut Pod, value: &str) -> Applied {
    if label_of(value, "") == value {
        set(&mut pod.spec, "hostname", value);
    } else {
        pod.remark("a pod's hostname has small letters, digits and dashes, and no dot");
    }
    Ok(())
}

/// `name:address` or `name=address`.
pub(super) fn add_host(pod: &mut Pod, value: &str) -> Applied {
    let (name, address) = value
        .split_once(['=', ':'])
        .filter(|(name, _)| !name.is_empty())
        .ok_or("a host is name:address")?;
    if address == "host-gateway" {
        pod.remark("a pod on ECI has no host to reach");
        return Ok(());
    }
    let address = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(address);
    let address: IpAddr = address
        .parse()
        .map_err(|_| "the address is none of IPv4 or IPv6".to_owned())?;
    let ip = Value::from(address.to_string());
    let aliases = pod
        .spec
        .entry("hostAliases")
        .or_insert_with(|| json!([]))
        .as_array_mut();
    let Some(aliases) = aliases else {
        return Ok(());
    };
    let known = aliases
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .find(|alias| alias.get("ip") == Some(&ip));
    match known {
        Some(alias) => push(alias, "hostnames", name),
        None => aliases.push(json!({"ip": ip, "hostnames": [name]})),
    }
    Ok(())
}

/// How many servers Kubernetes takes.
const SERVERS: usize = 3;

pub(super) fn dns(pod: &mut Pod, value: &str) -> Applied {
    let address: IpAddr = value
        .trim()
        .parse()
        .map_err(|_| "a server is an address of IPv4 or IPv6".to_owned())?;
    let Some(config) = object(&mut pod.spec, "dnsConfig") else {
        return Ok(());
    };
    let servers = config
        .get("nameservers")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if servers < SERVERS {
        push(config, "nameservers", address.to_string());
    } else {
        pod.remark("a pod has at most three nameservers");
    }
    Ok(())
}

pub(super) fn dns_search(pod: &mut Pod, value: &str) -> Applied {
    // A single dot is Docker's way to say that there is none.
    if let Some(config) = object(&mut pod.spec, "dnsConfig").filter(|_| value != ".") {
        push(config, "searches", value);
    }
    Ok(())
}

/// `name` or `name:value`.
pub(super) fn dns_option(pod: &mut Pod, value: &str) -> Applied {
    let option = match value.split_once(':') {
        Some((name, value)) => json!({"name": name, "value": value}),
        None => json!({"name": value}),
    };
    if let Some(config) = object(&mut pod.spec, "dnsConfig") {
        push(config, "options", option);
    }
    Ok(())
}
